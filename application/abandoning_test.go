package application_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// stuck is a store that ignores every context: its calls wait for gate.
type stuck struct {
	*memory.KeyRepository

	gate  chan struct{}
	calls atomic.Int64
}

func (s *stuck) wait() {
	s.calls.Add(1)
	<-s.gate
}

func (s *stuck) Get(context.Context, domain.WorkspaceID, domain.KeyID) (*domain.APIKey, error) {
	s.wait()
	return nil, domain.ErrKeyNotFound
}

func (s *stuck) List(context.Context, domain.WorkspaceID, domain.KeyFilter, domain.Order, domain.Page) (ports.KeyPage, error) {
	s.wait()
	return ports.KeyPage{}, nil
}

func (s *stuck) ListAll(context.Context, domain.KeyFilter, domain.Order, domain.Page) (ports.KeyPage, error) {
	s.wait()
	return ports.KeyPage{}, nil
}

func (s *stuck) Find(context.Context, domain.KeyID) (*domain.APIKey, error) {
	s.wait()
	return nil, domain.ErrKeyNotFound
}

func (s *stuck) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	s.wait()
	return s.KeyRepository.Create(context.WithoutCancel(ctx), key, event, options)
}

func (s *stuck) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	s.wait()
	return s.KeyRepository.Update(context.WithoutCancel(ctx), workspace, id, change, options)
}

func (s *stuck) Events(context.Context, domain.WorkspaceID, domain.KeyID, domain.Page) (ports.EventPage, error) {
	s.wait()
	return ports.EventPage{}, nil
}

func (s *stuck) Replayed(context.Context, domain.WorkspaceID, ports.Idempotency) (*ports.Replayed, error) {
	s.wait()
	return nil, nil //nolint:nilnil // as the port says
}

func (s *stuck) Forget(context.Context, time.Time, int) (int, error) {
	s.wait()
	return 0, nil
}

func (s *stuck) KeepPepper(_ context.Context, check domain.PepperCheck) (domain.PepperCheck, error) {
	s.wait()
	return check, nil
}

func (s *stuck) Ready(context.Context) error {
	s.wait()
	return nil
}

// calls are all methods of a repository.
var calls = map[string]func(ctx context.Context, keys ports.KeyRepository) error{
	"Get": func(ctx context.Context, keys ports.KeyRepository) error {
		_, err := keys.Get(ctx, "ws_1", "id")
		return err
	},
	"List": func(ctx context.Context, keys ports.KeyRepository) error {
		_, err := keys.List(ctx, "ws_1", domain.KeyFilter{}, domain.Order{}, domain.Page{})
		return err
	},
	"ListAll": func(ctx context.Context, keys ports.KeyRepository) error {
		_, err := keys.ListAll(ctx, domain.KeyFilter{}, domain.Order{}, domain.Page{})
		return err
	},
	"Find": func(ctx context.Context, keys ports.KeyRepository) error {
		_, err := keys.Find(ctx, "id")
		return err
	},
	"Create": func(ctx context.Context, keys ports.KeyRepository) error {
		return keys.Create(ctx, new(domain.APIKey), domain.Event{}, ports.CreateOptions{})
	},
	"Update": func(ctx context.Context, keys ports.KeyRepository) error {
		return keys.Update(ctx, "ws_1", "id", nil, ports.UpdateOptions{})
	},
	"Events": func(ctx context.Context, keys ports.KeyRepository) error {
		_, err := keys.Events(ctx, "ws_1", "id", domain.Page{})
		return err
	},
	"Replayed": func(ctx context.Context, keys ports.KeyRepository) error {
		_, err := keys.Replayed(ctx, "ws_1", ports.Idempotency{})
		return err
	},
	"Forget": func(ctx context.Context, keys ports.KeyRepository) error {
		_, err := keys.Forget(ctx, time.Now(), 1)
		return err
	},
	"KeepPepper": func(ctx context.Context, keys ports.KeyRepository) error {
		_, err := keys.KeepPepper(ctx, domain.PepperCheck{})
		return err
	},
	"Ready": func(ctx context.Context, keys ports.KeyRepository) error { return keys.Ready(ctx) },
}

func TestAbandoning_EndsEveryCallThoughTheStoreHangs(t *testing.T) {
	t.Parallel()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &stuck{KeyRepository: memory.NewKeyRepository(), gate: make(chan struct{})}
				defer close(store.gate)
				keys := application.Abandoning(store)
				short, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				for limit, ctx := range map[time.Duration]context.Context{time.Second: short, 10 * time.Second: t.Context()} {
					begun := time.Now() // of the bubble
					if err := call(ctx, keys); !errors.Is(err, domain.ErrUnavailable) || time.Since(begun) > limit+100*time.Millisecond {
						t.Errorf("after %v: %v, want ErrUnavailable after %v", time.Since(begun), err, limit)
					}
				}
			})
		})
	}
}

func TestAbandoning_BoundsTheCallsThatHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &stuck{KeyRepository: memory.NewKeyRepository(), gate: make(chan struct{})}
		keys := application.Abandoning(store)
		errs := make(chan error)
		const callers = 1000
		for range callers {
			go func() { errs <- calls["Create"](t.Context(), keys) }()
		}
		for range callers {
			if err := <-errs; !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		}
		if n := store.calls.Load(); n != 128 {
			t.Errorf("%d calls hang, want 128", n)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := calls["Find"](short, keys); !errors.Is(err, domain.ErrUnavailable) || store.calls.Load() != 129 {
			t.Error("checks wait for writes that hang")
		}
		close(store.gate)
		synctest.Wait()
		if err := calls["Ready"](t.Context(), keys); err != nil {
			t.Errorf("after the store has come back: %v", err)
		}
	})
}

func TestAbandoning_MakesNoChangeOnceItHasReturned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &stuck{KeyRepository: memory.NewKeyRepository(), gate: make(chan struct{})}
		key := newKey(t, workspace)
		if err := store.KeyRepository.Create(t.Context(), key, key.Created("event-1", domain.Author{}), ports.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		decided := false // without a lock, as a use case has it
		err := application.Abandoning(store).Update(t.Context(), workspace, key.ID(), func(key *domain.APIKey) (domain.Event, error) {
			decided = true
			return key.Disable("event-2", domain.Author{}, time.Now()), nil
		}, ports.UpdateOptions{})
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("Update gives %v, want ErrUnavailable", err)
		}
		close(store.gate)
		synctest.Wait()
		stored, err := store.KeyRepository.Get(t.Context(), workspace, key.ID())
		if err != nil || stored.Snapshot().Disabled || decided {
			t.Errorf("an abandoned update was made: %v", err)
		}
	})
}

func TestAbandoning_ContainsPanics(t *testing.T) {
	t.Parallel()
	for name, call := range calls {
		if err := call(t.Context(), application.Abandoning(nil)); !errors.Is(err, domain.ErrPanicked) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of a store that panics gives %v, want ErrPanicked and the stack", name, err)
		}
	}
}
