package application_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
)

func TestListKeys_ComparesTheStatusAtTheFilterTimeOrNow(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	createdIn(t, keys, spec()) // expires in a day
	for name, c := range map[string]struct {
		clock, filter time.Time
		want          int64
	}{
		"now, before":              {now, time.Time{}, 0},
		"now, after":               {now.Add(24 * time.Hour), time.Time{}, 1},
		"filter before, now after": {now.Add(24 * time.Hour), now.Add(time.Hour), 0},
		"filter after, now before": {now, now.Add(24 * time.Hour), 1},
	} {
		expired := domain.KeyFilter{Status: domain.StatusExpired, At: c.filter}
		ws := openWith(t, keys, domain.PortalTenant, parts{now: func() time.Time { return c.clock }})
		list, err := ws.ListKeys(t.Context(), expired, domain.Order{}, domain.Page{})
		if err != nil || list.Total != c.want || len(list.Keys) != int(c.want) {
			t.Errorf("%s: %d keys are expired, %v, want %d", name, list.Total, err, c.want)
		}
	}
}

func TestKeyEvents_KeepsTheTrailOfADeletedKey(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id, ws := createdIn(t, keys, spec()).KeyID(), open(t, keys, domain.PortalTenant)
	if err := ws.DeleteKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	trail, err := ws.KeyEvents(t.Context(), id, domain.Page{})
	if err != nil || trail.Total != 2 || trail.Events[0].Type != domain.EventDeleted {
		t.Errorf("the trail of a deleted key is %v, %v", trail, err)
	}
	if _, err := ws.KeyEvents(t.Context(), "sk_live_0000000000000000", domain.Page{}); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("an unknown key: %v", err)
	}
}
