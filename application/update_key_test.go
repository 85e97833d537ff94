package application_test

import (
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func TestUpdateKey_RecordsWhatChanged(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec(t)).KeyID()
	owner, name := ownerOf(t, domain.PortalTenant), newName(t, "Renamed")
	update := application.NewUpdateKey(keys, random(), clock)
	for range 2 { // the second changes nothing
		key, err := update.Do(t.Context(), owner, id, domain.Revision{Name: &name}, nil)
		if err != nil || key.Snapshot().Name != name {
			t.Fatalf("%v, %v", key, err)
		}
	}
	events, err := eventsOf(t, keys, id)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v, want one of the creation and one of the change", len(events), err)
	}
	got := events[0]
	if got.Type != domain.EventUpdated || got.By.Origin != origin || len(got.Changes) != 1 || got.Changes[0].New != "Renamed" {
		t.Errorf("event = %+v", got)
	}
}

func TestUpdateKey_HoldsToTheStateThatWasSeen(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec(t)).KeyID()
	owner, name := ownerOf(t, domain.PortalPartner), newName(t, "Renamed")
	update := application.NewUpdateKey(keys, random(), clock)
	seen, err := application.NewGetKey(keys).Do(t.Context(), owner, id)
	if err != nil {
		t.Fatal(err)
	}
	tags := []string{seen.Tag()}
	if _, err := update.Do(t.Context(), owner, id, domain.Revision{Name: &name}, tags); err != nil {
		t.Fatal(err)
	}
	if _, err := update.Do(t.Context(), owner, id, domain.Revision{Name: &name}, tags); !errors.Is(err, domain.ErrChanged) {
		t.Errorf("error = %v, want ErrChanged", err)
	}
}

func TestUpdateKey_AsksForAnOwner(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec(t)).KeyID()
	_, err := application.NewUpdateKey(keys, random(), clock).Do(t.Context(), application.Owner{}, id, domain.Revision{}, nil)
	if !errors.Is(err, domain.ErrNotOwner) {
		t.Errorf("error = %v, want ErrNotOwner", err)
	}
}
