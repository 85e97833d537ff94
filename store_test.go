package apikeys_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/serving"
)

// decorated forwards the methods of a key repository, and hides all other
// abilities of the store. It counts the reads of checks.
type decorated struct {
	ports.KeyRepository

	found *atomic.Int64
}

func (d decorated) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	d.found.Add(1)
	return d.KeyRepository.Find(ctx, id)
}

// versioned is a schema that is up to date.
type versioned struct{ migrated atomic.Bool }

func (*versioned) Examine(context.Context) error { return nil }

func (v *versioned) Migrate(context.Context) error {
	v.migrated.Store(true)
	return nil
}

func (*versioned) NewerSchema(context.Context) (int64, error) { return 0, nil }

func TestWithStore_KeepsTheAbilitiesOfADecoratedStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys, schema, found := memory.NewKeyRepository(), new(versioned), new(atomic.Int64)
		service := startable(t, serving.Config(), apikeys.WithStore(apikeys.Store{
			Keys: decorated{keys, found}, Changes: keys, Usage: keys, Schema: schema,
		}))
		if !schema.migrated.Load() {
			t.Error("the schema was not migrated")
		}
		ws := service.OperatorWorkspace("tester", "ws_1", domain.Origin{})
		created := mustKey(ws)
		synctest.Wait() // for the first poll of the feed
		for range 3 {
			authorize(t, service, created.Secret, domain.VerdictOK)
		}
		if n := found.Load(); n != 1 {
			t.Errorf("three checks read the store %d times, want once", n)
		}
		disableBehindTheBackOf(t, keys, created.Key.ID())
		<-time.After(time.Minute) // of the bubble
		authorize(t, service, created.Secret, domain.VerdictDisabled)
		key, err := ws.GetKey(t.Context(), created.Key.ID())
		if err != nil || key.Snapshot().LastUsedAt.IsZero() {
			t.Errorf("the last use of the key is not recorded: %v", err)
		}
	})
}

func TestWithStore_UsesOnlyStatedAbilities(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys, found := memory.NewKeyRepository(), new(atomic.Int64)
		service := startable(t, serving.Config(), apikeys.WithStore(apikeys.Store{Keys: decorated{keys, found}}))
		ws := service.OperatorWorkspace("tester", "ws_1", domain.Origin{})
		created := mustKey(ws)
		synctest.Wait()
		authorize(t, service, created.Secret, domain.VerdictOK)
		disableBehindTheBackOf(t, keys, created.Key.ID())
		authorize(t, service, created.Secret, domain.VerdictDisabled)
		if n := found.Load(); n != 2 {
			t.Errorf("two checks read the store %d times, want twice", n)
		}
		<-time.After(time.Minute) // of the bubble
		if key, err := ws.GetKey(t.Context(), created.Key.ID()); err != nil || !key.Snapshot().LastUsedAt.IsZero() {
			t.Errorf("the last use of the key is recorded: %v", err)
		}
	})
}

func authorize(t *testing.T, service *apikeys.Service, secret domain.Secret, want domain.Verdict) {
	t.Helper()
	decision, err := service.Authorize(t.Context(), apikeys.Check{Secret: secret})
	if err != nil || decision.Verdict != want {
		t.Errorf("Authorize() = %v, %v, want %v", decision.Verdict, err, want)
	}
}

// disableBehindTheBackOf disables a key like another process.
func disableBehindTheBackOf(t *testing.T, keys ports.KeyWriter, id domain.KeyID) {
	t.Helper()
	err := keys.Update(t.Context(), "ws_1", id, func(key *domain.APIKey) (domain.Event, error) {
		return key.Disable("event-1", domain.Author{}, time.Now()), nil
	}, ports.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
