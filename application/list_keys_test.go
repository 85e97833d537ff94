package application_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func TestListKeys_JudgesTheStatusAtTheInstantOfTheFilterOrNow(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	createdIn(t, keys, spec(t)) // expires in a day
	for name, c := range map[string]struct {
		clock, filter time.Time
		want          int64
	}{
		"now, before":                {now, time.Time{}, 0},
		"now, after":                 {now.Add(24 * time.Hour), time.Time{}, 1},
		"before, whatever it is now": {now.Add(24 * time.Hour), now.Add(time.Hour), 0},
		"after, whatever it is now":  {now, now.Add(24 * time.Hour), 1},
	} {
		expired := domain.KeyFilter{Status: domain.StatusExpired, At: c.filter}
		uc := application.NewListKeys(keys, func() time.Time { return c.clock })
		list, err := uc.Do(t.Context(), ownerOf(t, domain.PortalTenant), expired, domain.Order{}, domain.Page{})
		if err != nil || list.Total != c.want || len(list.Keys) != int(c.want) {
			t.Errorf("%s: %d keys are expired, %v, want %d", name, list.Total, err, c.want)
		}
	}
}

func TestListKeys_AsksForAnOwner(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	createdIn(t, keys, spec(t))
	list, err := application.NewListKeys(keys, clock).Do(t.Context(), application.Owner{}, domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if !errors.Is(err, domain.ErrNotOwner) || list.Keys != nil {
		t.Errorf("%d keys, %v, want ErrNotOwner", len(list.Keys), err)
	}
}

func TestListEvents(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id, owner := createdIn(t, keys, spec(t)).KeyID(), ownerOf(t, domain.PortalTenant)
	if err := application.NewLifecycle(keys, random(), clock).Delete(t.Context(), owner, id, application.Once{}); err != nil {
		t.Fatal(err)
	}
	list := application.NewListEvents(keys)
	trail, err := list.Do(t.Context(), owner, id, domain.Page{})
	if err != nil || trail.Total != 2 || trail.Events[0].Type != domain.EventDeleted {
		t.Errorf("the trail of a deleted key is %v, %v", trail, err)
	}
	if _, err := list.Do(t.Context(), owner, "sk_live_0000000000000000", domain.Page{}); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("a key that never was: %v", err)
	}
	if trail, err := list.Do(t.Context(), application.Owner{}, id, domain.Page{}); !errors.Is(err, domain.ErrNotOwner) || trail.Events != nil {
		t.Errorf("nobody in particular: %v", err)
	}
}
