package acceptance

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/logbook"
)

// pepperOf returns the pepper with that id, made from that seed.
func pepperOf(t *testing.T, id, seed string) config.Secret {
	t.Helper()
	pepper, err := secrets.NewPepper(strings.NewReader(strings.Repeat(seed, 32)), id)
	if err != nil {
		t.Fatal(err)
	}
	return config.Secret(pepper)
}

// peppered is a world with a pepper, on a store that others share.
func peppered(t *testing.T, databaseURL string, pepper config.Secret, opts ...apikeys.Option) (*world, *logbook.Book) {
	t.Helper()
	var log logbook.Book
	opts = append(opts, apikeys.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	return newWorld(t, func(cfg *config.Config) {
		cfg.DatabaseURL, cfg.Peppers = config.Secret(databaseURL), pepper
	}, opts...), &log
}

// expectMismatches waits until that many peppers mismatch.
func (w *world) expectMismatches(t *testing.T, want int) {
	t.Helper()
	line := fmt.Sprintf("apikeys_pepper_mismatches %d\n", want)
	await(t, "the metrics have the line "+line, func() bool {
		return strings.Contains(do(t, request{method: "GET", url: w.internal + "/metrics"}).body, line)
	})
}

func TestPeppers_OneThatWasReplacedUnderItsIDIsAnError(t *testing.T) {
	t.Parallel()
	for name, open := range sqlStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL, driver, source := open(t)
			right, rightLog := peppered(t, databaseURL, pepperOf(t, "p1", "a"))
			_, secret := right.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
			db, err := sql.Open(driver, source)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			await(t, "the store has the check of the pepper", func() bool {
				var n int
				return db.QueryRowContext(t.Context(), `SELECT count(*) FROM api_key_peppers`).Scan(&n) == nil && n == 1
			})

			wrong, wrongLog := peppered(t, databaseURL, pepperOf(t, "p1", "b"))
			wrong.expectMismatches(t, 1)
			if got := wrongLog.String(); strings.Count(got, "level=ERROR") != 1 || !strings.Contains(got, "pepper=p1") {
				t.Errorf("the log does not name the pepper once:\n%s", got)
			}
			if got := wrong.reason(t, secret); got != "NOT_FOUND" {
				t.Errorf("under the wrong pepper the check says %s", got)
			}
			if a := do(t, wrong.create(t, `{"name":"k","scopes":["a:b"]}`)); a.status != 201 {
				t.Errorf("the service with the wrong pepper answers a creation %d %s", a.status, a.body)
			}

			accepted, acceptedLog := peppered(t, databaseURL, pepperOf(t, "p2", "b"))
			accepted.expectMismatches(t, 0)
			again, againLog := peppered(t, databaseURL, pepperOf(t, "p1", "a"))
			again.expectMismatches(t, 0)
			if got := again.reason(t, secret); got != "OK" {
				t.Errorf("under the right pepper the check says %s", got)
			}
			for _, log := range []*logbook.Book{rightLog, acceptedLog, againLog} {
				if strings.Contains(log.String(), "pepper is not the one") {
					t.Errorf("a pepper that fits is logged:\n%s", log.String())
				}
			}
		})
	}
}

// lateStore is an embedder's store that is unreachable at first.
type lateStore struct {
	*memory.KeyRepository

	late atomic.Int32
}

func (s *lateStore) Migrate(context.Context) error {
	if s.late.Add(-1) >= 0 {
		return fmt.Errorf("starting: %w", domain.ErrUnavailable)
	}
	return nil
}

func TestPeppers_AreComparedWhenTheStoreIsReached(t *testing.T) {
	t.Parallel()
	store := &lateStore{KeyRepository: memory.NewKeyRepository()}
	if _, err := store.KeepPepper(t.Context(), domain.PepperCheck{PepperID: "p1", Sum: [32]byte{1}}); err != nil {
		t.Fatal(err)
	}
	store.late.Store(3)
	wrong, log := peppered(t, "memory://", pepperOf(t, "p1", "b"), apikeys.WithStore(apikeys.Store{Keys: store, Changes: store, Usage: store}))
	wrong.expectMismatches(t, 1)
	if got := log.String(); strings.Count(got, "level=ERROR") != 1 || !strings.Contains(got, "pepper=p1") {
		t.Errorf("the log does not name the pepper once:\n%s", got)
	}
}
