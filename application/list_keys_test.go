package application_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func TestListKeys_JudgesTheStatusNow(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	createdIn(t, keys, spec(t)) // expires in a day
	for later, want := range map[time.Duration]int64{0: 0, 24 * time.Hour: 1} {
		at := func() time.Time { return now.Add(later) }
		expired := domain.KeyFilter{Status: domain.StatusExpired, At: now.Add(time.Hour)}
		list, err := application.NewListKeys(keys, at).Do(t.Context(), ownerOf(t, domain.PortalTenant), expired, domain.Order{}, domain.Page{})
		if err != nil || list.Total != want || len(list.Keys) != int(want) {
			t.Errorf("after %s %d keys are expired, %v, want %d", later, list.Total, err, want)
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
