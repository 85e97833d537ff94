package application_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

var (
	once  = application.Once{Key: "order-7", Fingerprint: [32]byte{1}}
	other = application.Once{Key: "order-7", Fingerprint: [32]byte{2}}
)

func TestCreateKey_MakesOneKeyUnderAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	create := newCreateKey(t, keys)
	first, err := createdBy(t, create, once)
	if err != nil {
		t.Fatal(err)
	}
	again, err := createdBy(t, create, once)
	replayed, ok := errors.AsType[*ports.Replayed](err)
	if !ok || again.Key != nil {
		t.Fatalf("the repetition gives %v, %v", again.Key, err)
	}
	if s := replayed.Outcome.Snapshot(); s.ID != first.Key.ID() || s.Secrets != nil || !replayed.At.Equal(now) {
		t.Errorf("replayed %s with %d secrets, of %s", s.ID, len(s.Secrets), replayed.At)
	}
	if _, err := createdBy(t, create, other); !errors.Is(err, domain.ErrOnceReused) {
		t.Errorf("another request under the key gives %v", err)
	}
	list, err := keys.List(t.Context(), workspace, domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if err != nil || list.Total != 1 {
		t.Errorf("%d keys, %v, want one", list.Total, err)
	}
}

func TestCreateKey_ReplaysWhatTimeHasMadeWrong(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	if _, err := createdBy(t, newCreateKey(t, keys), once); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		once     application.Once
		later    time.Duration
		replayed bool
	}{
		"after the expiry it asked for":          {once, 23*time.Hour + 59*time.Minute, true},
		"after a day, when the key is forgotten": {once, 24 * time.Hour, false},
		"under a key that is not taken":          {application.Once{Key: "order-8"}, 23 * time.Hour, false},
		"another request under the key":          {other, 23 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := func() time.Time { return now.Add(tc.later) }
			create := application.NewCreateKey(keys, keys, newHasher(t), random(), at, 0)
			s := spec(t)
			s.ExpiresAt = now.Add(time.Hour)
			_, err := create.Do(t.Context(), ownerOf(t, domain.PortalPartner), s, tc.once)
			if _, replayed := errors.AsType[*ports.Replayed](err); replayed != tc.replayed {
				t.Errorf("error = %v, want a replay: %v", err, tc.replayed)
			}
			if invalid, ok := errors.AsType[domain.ValidationError](err); ok == tc.replayed || ok && invalid.Faults[0].Reason != domain.ReasonInPast {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestCreateKey_ReplaysNoTestKeyOutsideThePartnerPortal(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	create := newCreateKey(t, keys)
	s := spec(t)
	s.Mode = domain.ModeTest
	if _, err := create.Do(t.Context(), ownerOf(t, domain.PortalPartner), s, once); err != nil {
		t.Fatal(err)
	}
	if _, err := create.Do(t.Context(), ownerOf(t, domain.PortalTenant), s, once); !errors.Is(err, domain.ErrTestKeyPortal) {
		t.Errorf("error = %v, want ErrTestKeyPortal", err)
	}
}

func TestChanges_AreMadeOnceUnderAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t)
	for name, do := range map[string]func(keys ports.KeyRepository, owner application.Owner, id domain.KeyID, once application.Once) error{
		"disable": func(keys ports.KeyRepository, owner application.Owner, id domain.KeyID, once application.Once) error {
			return application.NewLifecycle(keys, random(), clock).Disable(t.Context(), owner, id, once)
		},
		"enable, which changes nothing": func(keys ports.KeyRepository, owner application.Owner, id domain.KeyID, once application.Once) error {
			return application.NewLifecycle(keys, random(), clock).Enable(t.Context(), owner, id, once)
		},
		"delete": func(keys ports.KeyRepository, owner application.Owner, id domain.KeyID, once application.Once) error {
			return application.NewLifecycle(keys, random(), clock).Delete(t.Context(), owner, id, once)
		},
		"rotate": func(keys ports.KeyRepository, owner application.Owner, id domain.KeyID, once application.Once) error {
			_, err := application.NewRotateKey(keys, hasher, random(), clock).Do(t.Context(), owner, id, time.Minute, once)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			keys := memory.NewKeyRepository()
			id, owner := createdIn(t, keys, spec(t)).KeyID(), ownerOf(t, domain.PortalTenant)
			if err := do(keys, owner, id, once); err != nil {
				t.Fatal(err)
			}
			if replayed, ok := errors.AsType[*ports.Replayed](do(keys, owner, id, once)); !ok || replayed.Outcome.ID() != id {
				t.Error("the repetition is no replay")
			}
			if err := do(keys, owner, id, other); !errors.Is(err, domain.ErrOnceReused) {
				t.Errorf("another request under the key gives %v", err)
			}
		})
	}
}

// slow is a writer whose changes wait until they are let go.
type slow struct {
	ports.KeyWriter
	begun, goOn chan struct{}
}

func (s slow) Create(context.Context, *domain.APIKey, domain.Event, ports.CreateOptions) error {
	s.begun <- struct{}{}
	<-s.goOn
	return nil
}

func TestExclusive_RefusesTheTwinOfARunningRequest(t *testing.T) {
	t.Parallel()
	writer := slow{begun: make(chan struct{}), goOn: make(chan struct{})}
	keys := application.Exclusive(writer)
	key := newKey(t, "ws-1")
	write := func(workspace domain.WorkspaceID, once *ports.Once) error {
		return keys.Create(t.Context(), newKey(t, workspace), domain.Event{}, ports.CreateOptions{Once: once})
	}
	taken := &ports.Once{Key: "order-7"}
	done := make(chan error, 4)
	go func() {
		done <- keys.Create(context.Background(), key, domain.Event{}, ports.CreateOptions{Once: taken})
	}()
	<-writer.begun
	if err := write("ws-1", taken); !errors.Is(err, domain.ErrOnceRunning) {
		t.Errorf("the twin gives %v", err)
	}
	err := keys.Update(t.Context(), "ws-1", key.ID(), nil, ports.UpdateOptions{Once: taken})
	if !errors.Is(err, domain.ErrOnceRunning) {
		t.Errorf("another change under the key gives %v", err)
	}
	for _, free := range []func() error{
		func() error { return write("ws-1", nil) },
		func() error { return write("ws-1", &ports.Once{Key: "order-8"}) },
		func() error { return write("ws-2", taken) },
	} {
		go func() { done <- free() }()
		<-writer.begun
	}
	close(writer.goOn)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	go func() { done <- write("ws-1", taken) }()
	<-writer.begun
	if err := <-done; err != nil {
		t.Errorf("after it has ended the key is taken still: %v", err)
	}
}

// newKey returns a key of that workspace.
func newKey(t *testing.T, workspace domain.WorkspaceID) *domain.APIKey {
	t.Helper()
	secret, err := domain.NewSecret(random(), domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	return domain.Rehydrate(domain.Snapshot{ID: secret.KeyID(), Workspace: workspace})
}
