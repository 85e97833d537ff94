package application_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// eventLog is a hook that records the events.
type eventLog struct {
	mu     sync.Mutex
	events []domain.Event
}

func (l *eventLog) add(_ context.Context, event domain.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event)
}

func (l *eventLog) all() []domain.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events
}

func ids(events []domain.Event) []string {
	all := make([]string, len(events))
	for i, e := range events {
		all[i] = e.ID
	}
	return all
}

// hooked returns a workspace of keys whose changes are passed to hook.
func hooked(t *testing.T, keys ports.KeyRepository, writer ports.KeyWriter, hook *application.EventHook) *application.Workspace {
	t.Helper()
	return openWith(t, keys, domain.PortalPartner, parts{writer: hook.Writer(writer), random: rand.Reader})
}

func TestEventHook_IsToldWhatTheTrailRecords(t *testing.T) {
	t.Parallel()
	keys, log := memory.NewKeyRepository(), new(eventLog)
	hook := application.NewEventHook(log.add, slog.New(slog.DiscardHandler))
	ws := hooked(t, keys, keys, hook)
	created, err := ws.CreateKey(t.Context(), spec(), request...)
	if err != nil {
		t.Fatal(err)
	}
	id := created.Key.ID()
	if _, err := ws.CreateKey(t.Context(), spec(), request...); err == nil {
		t.Fatal("the repetition is no replay")
	}
	if _, err := ws.RotateKey(t.Context(), id, time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, do := range []step{
		(*application.Workspace).EnableKey, // changes nothing
		(*application.Workspace).DisableKey,
		(*application.Workspace).EnableKey,
		(*application.Workspace).DeleteKey,
	} {
		if err := do(ws, t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if err := ws.DeleteKey(t.Context(), id); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Fatal(err)
	}
	hook.Close()
	trail, err := eventsOf(t, keys, id)
	if err != nil {
		t.Fatal(err)
	}
	if want := oldestFirst(trail); len(want) != 5 || !reflect.DeepEqual(want, log.all()) {
		t.Errorf("the hook was called with\n%+v\nand the trail is\n%+v", log.all(), want)
	}
}

func TestEventHook_KeepsTheOrderOfAKeysChanges(t *testing.T) {
	t.Parallel()
	keys, log := memory.NewKeyRepository(), new(eventLog)
	hook := application.NewEventHook(log.add, slog.New(slog.DiscardHandler))
	ws := hooked(t, keys, lingering{keys}, hook)
	created, err := ws.CreateKey(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	id := created.Key.ID()
	var changes sync.WaitGroup
	for range 8 {
		changes.Go(func() {
			for range 12 {
				if _, err := ws.RotateKey(t.Context(), id, 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	changes.Wait()
	hook.Close()
	all, faults := domain.NewPage(0, domain.MaxPageSize)
	if faults != nil {
		t.Fatal(faults)
	}
	trail, err := keys.Events(t.Context(), workspace, id, all)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ids(oldestFirst(trail.Events)), ids(log.all())); diff != "" {
		t.Errorf("the hook was called with (-trail +hook):\n%s", diff)
	}
}

// lingering is a store whose calls return out of order, each after a random pause.
type lingering struct{ *memory.KeyRepository }

func (l lingering) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	err := l.KeyRepository.Update(ctx, workspace, id, change, options)
	for range mathrand.IntN(50) {
		runtime.Gosched()
	}
	return err
}

func TestEventHook_IsNotToldOfWhatFailed(t *testing.T) {
	t.Parallel()
	log := new(eventLog)
	hook := application.NewEventHook(log.add, slog.New(slog.DiscardHandler))
	keys := memory.NewKeyRepository()
	created, err := hooked(t, keys, keys, hook).CreateKey(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	broken := hooked(t, keys, unconfirmed{keys}, hook)
	if _, err := broken.CreateKey(t.Context(), spec()); err == nil {
		t.Error("CreateKey succeeds")
	}
	if err := broken.DisableKey(t.Context(), created.Key.ID()); err == nil {
		t.Error("DisableKey succeeds")
	}
	func() {
		defer func() { _ = recover() }()
		_ = hooked(t, keys, panicking{keys}, hook).DisableKey(t.Context(), created.Key.ID())
	}()
	if err := hooked(t, keys, twice{keys}, hook).EnableKey(t.Context(), created.Key.ID()); err != nil {
		t.Fatal(err)
	}
	hook.Close()
	var types []domain.EventType
	for _, e := range log.all() {
		types = append(types, e.Type)
	}
	if diff := cmp.Diff([]domain.EventType{domain.EventCreated, domain.EventEnabled}, types); diff != "" {
		t.Errorf("the hook was called with (-want +got):\n%s", diff)
	}
}

// unconfirmed is a store that makes changes and then returns an error.
type unconfirmed struct{ *memory.KeyRepository }

func (u unconfirmed) Create(context.Context, *domain.APIKey, domain.Event, ports.CreateOptions) error {
	return domain.ErrUnavailable
}

func (u unconfirmed) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	return errors.Join(domain.ErrUnavailable, u.KeyRepository.Update(ctx, workspace, id, change, options))
}

// panicking is a store that panics once a change is decided.
type panicking struct{ *memory.KeyRepository }

func (p panicking) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), _ ports.UpdateOptions) error {
	key, err := p.Get(ctx, workspace, id)
	if err != nil {
		return err
	}
	_, _ = change(key)
	panic("the marked value")
}

// twice is a store that decides each change twice, as after a conflict.
type twice struct{ *memory.KeyRepository }

func (w twice) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	key, err := w.Get(ctx, workspace, id)
	if err != nil {
		return err
	}
	if _, err := change(key); err != nil {
		return err
	}
	return w.KeyRepository.Update(ctx, workspace, id, change, options)
}

func TestEventHook_OutlivesAPanicOfTheFunction(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	log := new(eventLog)
	hook := application.NewEventHook(func(ctx context.Context, event domain.Event) {
		log.add(ctx, event)
		if event.Type == domain.EventCreated {
			panic("the marked value")
		}
	}, slog.New(slog.NewTextHandler(&text, nil)))
	keys := memory.NewKeyRepository()
	ws := hooked(t, keys, keys, hook)
	created, err := ws.CreateKey(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.DisableKey(t.Context(), created.Key.ID()); err != nil {
		t.Fatal(err)
	}
	hook.Close()
	if len(log.all()) != 2 {
		t.Errorf("the hook was called %d times, want 2", len(log.all()))
	}
	if got := text.String(); !strings.Contains(got, "panicked") || strings.Contains(got, "the marked value") {
		t.Errorf("the log is %s", got)
	}
}

// A hook that hangs delays no change, and Close stops waiting for it.
func TestEventHook_DelaysNobodyByHanging(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := new(eventLog)
		hook := application.NewEventHook(func(ctx context.Context, event domain.Event) {
			log.add(ctx, event)
			<-ctx.Done()
		}, slog.New(slog.NewTextHandler(&text, nil)))
		keys := memory.NewKeyRepository()
		ws := hooked(t, keys, keys, hook)
		begun := time.Now()
		created, err := ws.CreateKey(t.Context(), spec())
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			if _, err := ws.RotateKey(t.Context(), created.Key.ID(), 0); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("the changes waited for %v", waited)
		}
		synctest.Wait()
		hook.Close()
		if waited := time.Since(begun); waited != 5*time.Second {
			t.Errorf("Close gave up after %v, want 5s", waited)
		}
		synctest.Wait()
		if calls := len(log.all()); calls != 1 {
			t.Errorf("%d calls, want one that hangs", calls)
		}
		for _, want := range []string{"the event hook is too slow", "the event hook did not return in time"} {
			if strings.Count(text.String(), want) != 1 {
				t.Errorf("the log does not say once that %s:\n%s", want, text.String())
			}
		}
		if err := ws.DisableKey(t.Context(), created.Key.ID()); err != nil {
			t.Errorf("after Close: %v", err)
		}
	})
}

func oldestFirst(trail []domain.Event) []domain.Event {
	slices.Reverse(trail)
	return trail
}
