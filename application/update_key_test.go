package application_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
)

func TestUpdateKey_RecordsTheChange(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec()).KeyID()
	ws := open(t, keys, domain.PortalTenant)
	for range 2 { // the second changes nothing
		key, err := ws.UpdateKey(t.Context(), id, domain.KeyPatch{Name: new("Renamed")}, nil)
		if err != nil || key.Snapshot().Name.String() != "Renamed" {
			t.Fatalf("%v, %v", key, err)
		}
	}
	events, err := eventsOf(t, keys, id)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v, want the creation and the change", len(events), err)
	}
	got := events[0]
	if got.Type != domain.EventUpdated || got.By.Origin != origin || len(got.Changes) != 1 || got.Changes[0].New != "Renamed" {
		t.Errorf("event = %+v", got)
	}
}

func TestUpdateKey_RequiresTheStateOfTheTag(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec()).KeyID()
	ws, patch := open(t, keys, domain.PortalPartner), domain.KeyPatch{Name: new("Renamed")}
	seen, err := ws.GetKey(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	tags := []string{seen.Tag()}
	if _, err := ws.UpdateKey(t.Context(), id, patch, tags); err != nil {
		t.Fatal(err)
	}
	if _, err := ws.UpdateKey(t.Context(), id, patch, tags); !errors.Is(err, domain.ErrChanged) {
		t.Errorf("error = %v, want ErrChanged", err)
	}
}

func TestUpdateKey_ReportsEveryFaultAndChangesNothing(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec()).KeyID()
	ws := open(t, keys, domain.PortalTenant)
	before, err := ws.GetKey(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ws.UpdateKey(t.Context(), id, domain.KeyPatch{
		Name: new(""), Scopes: &[]string{"a:b", "A"}, IPWhitelist: &[]string{"10.0.0.1/8"}, ExpiresAt: new(now),
	}, nil)
	var fields []string
	faults, _ := errors.AsType[domain.Faults](err)
	for _, f := range faults {
		fields = append(fields, f.Field)
	}
	if diff := cmp.Diff([]string{"name", "scopes[1]", "ipWhitelist[0]", "expiresAt"}, fields); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if after, err := ws.GetKey(t.Context(), id); err != nil || after.Tag() != before.Tag() {
		t.Errorf("the key has changed, or %v", err)
	}
}
