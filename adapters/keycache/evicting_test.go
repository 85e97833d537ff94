package keycache

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// writer changes the key in a store, and returns the results that the test sets.
type writer struct {
	store  *store
	err    error
	before func() // a check right before the change
}

func (w writer) Create(_ context.Context, key *domain.APIKey, _ domain.Event, _ ports.CreateOptions) error {
	w.before()
	w.store.put(key.ID(), false)
	return w.err
}

func (w writer) Update(_ context.Context, _ domain.WorkspaceID, id domain.KeyID, _ func(*domain.APIKey) (domain.Event, error), _ ports.UpdateOptions) error {
	w.before()
	w.store.put(id, true)
	return w.err
}

func TestEvicting_EvictsWhateverTheWriterReturns(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"made": nil, "of unknown fate": errors.New("connection lost")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			id := newID(t)
			keys := w.Evicting(writer{store: w.store, err: err, before: func() { w.status(t, id) }})
			expect(t, "a key that is not there", w.status(t, id), "not found")
			if got := keys.Create(t.Context(), domain.Rehydrate(domain.Snapshot{ID: id}), domain.Event{}, ports.CreateOptions{}); !errors.Is(got, err) {
				t.Errorf("Create gives %v, want %v", got, err)
			}
			expect(t, "the key once created", w.status(t, id), "OK")
			if got := keys.Update(t.Context(), "ws", id, nil, ports.UpdateOptions{}); !errors.Is(got, err) {
				t.Errorf("Update gives %v, want %v", got, err)
			}
			expect(t, "the key once disabled", w.status(t, id), "DISABLED")
		})
	}
}
