package postgres_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
	"github.com/slaunchx/apikeys/test/pooler"
)

// sessionPool is the number of connections that a store in a test may need.
const sessionPool = 40

// The tables are in a schema beside that of another program, whose tables have the same
// names: a pooler must not change which tables a statement means. Tests of
// [postgres.OpenDB] use a schema without a pooler.
func TestPooler_InSessionModeKeepsEveryPromiseInASchema(t *testing.T) {
	t.Parallel()
	p := pooler.Start(t, migrated(t), pooler.Session, sessionPool)
	portstest.RunStore(t, func(t testing.TB) (one, other portstest.Store) {
		dsn := p.URLOf(t, migratedInSchema(t))
		return openPatient(t, dsn), openPatient(t, dsn)
	})
}

func TestPooler_IsRejectedIfItSharesConnections(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		mode pooler.Mode
		size int
		busy bool // other clients use the pooler too
	}{
		"transaction mode with 1 connection":             {mode: pooler.Transaction, size: 1},
		"transaction mode with 3 connections":            {mode: pooler.Transaction, size: 3},
		"transaction mode with 25 connections":           {mode: pooler.Transaction, size: 25},
		"transaction mode with 25 connections, and busy": {mode: pooler.Transaction, size: 25, busy: true},
		"statement mode":                                 {mode: pooler.Statement, size: 25},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			id := createOne(t, openDSN(t, dsn))
			pooled := pooler.Start(t, dsn, c.mode, c.size).URL()
			if c.busy {
				keepBusy(t, pooled)
			}
			repo := openUnmigrated(t, pooled)
			feed := repo.Follow()
			t.Cleanup(func() { _ = feed.Close() })
			for operation, err := range map[string]error{
				"Examine": repo.Examine(t.Context()),
				"Ready":   repo.Ready(t.Context()),
				"Migrate": repo.Migrate(t.Context()),
				"Find":    errorOf(repo.Find(t.Context(), id)),
				"Update":  rotate(t.Context(), repo, id),
				"Poll":    errorOf(feed.Poll(t.Context())),
			} {
				requireUnfit(t, operation, err, "session mode")
			}
		})
	}
}

// A reconfigured pooler treats existing clients like new ones.
func TestPooler_IsNoticedWhenItBeginsToShareConnections(t *testing.T) {
	t.Parallel()
	p := pooler.Start(t, migrated(t), pooler.Session, sessionPool)
	repo := openDSN(t, p.URL())
	id := createOne(t, repo)
	feed := repo.Follow()
	t.Cleanup(func() { _ = feed.Close() })
	if err := errors.Join(repo.Ready(t.Context()), errorOf(feed.Poll(t.Context()))); err != nil {
		t.Fatalf("in session mode: %v", err)
	}

	p.SetMode(t, pooler.Transaction)
	if err := errorOf(feed.Poll(t.Context())); err != nil { // releases its server connection
		t.Fatalf("Poll: %v", err)
	}
	other := sqlx.MustConnect("postgres", p.URL())
	t.Cleanup(func() { _ = other.Close() })
	taken := other.MustBeginTx(t.Context(), nil) // acquires it
	if _, err := feed.Poll(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("on another server connection Poll gives %v, want ErrUnavailable", err)
	}
	requireUnfit(t, "Poll again", errorOf(feed.Poll(t.Context())), "session mode")
	if err := taken.Rollback(); err != nil {
		t.Fatal(err)
	}
	requireUnfit(t, "Ready", repo.Ready(t.Context()), "session mode")
	requireUnfit(t, "Find", errorOf(repo.Find(t.Context(), id)), "session mode")

	p.SetMode(t, pooler.Session)
	if err := available(t, func() error { return repo.Ready(t.Context()) }); err != nil {
		t.Errorf("back in session mode Ready gives %v", err)
	}
	if err := available(t, func() error { return errorOf(repo.Find(t.Context(), id)) }); err != nil {
		t.Errorf("back in session mode Find gives %v", err)
	}
	var changes ports.Changes
	err := available(t, func() (err error) {
		changes, err = feed.Poll(t.Context())
		return err
	})
	if err != nil || !changes.Lost {
		t.Errorf("back in session mode Poll gives %+v, %v, want that every key may have changed", changes, err)
	}
}

// available repeats call, for a minute at most, while the pooler still resets the server
// connections that clients have shared.
func available(t *testing.T, call func() error) error {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := call()
		if !errors.Is(err, domain.ErrUnavailable) || time.Now().After(deadline) {
			return err
		}
		<-time.After(10 * time.Millisecond)
	}
}

// A look-up may run a statement that another session has prepared under the same
// number. Nothing may be lost by that.
func TestPooler_InTransactionModeNeitherDestroysNorDenies(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3, 25} {
		dsn := migrated(t)
		direct := openDSN(t, dsn)
		keys := make([]domain.KeyID, 64)
		for i := range keys {
			keys[i] = createOne(t, direct)
		}
		repo := openUnmigrated(t, pooler.Start(t, dsn, pooler.Transaction, size).URL())
		var callers sync.WaitGroup
		for i := range 16 {
			callers.Go(func() {
				for n := range 20 {
					id := keys[(i*20+n)%len(keys)]
					if n%10 == 0 {
						_ = rotate(t.Context(), repo, id)
					}
					if _, err := repo.Find(t.Context(), id); errors.Is(err, domain.ErrKeyNotFound) {
						t.Errorf("pool of %d: Find says that there is no key %s", size, id)
					}
				}
			})
		}
		callers.Wait()
		for _, id := range keys {
			if _, err := direct.Find(t.Context(), id); err != nil {
				t.Errorf("pool of %d: key %s is lost: %v", size, id, err)
			}
		}
	}
}

func requireUnfit(t *testing.T, operation string, err error, says string) {
	t.Helper()
	unfit, ok := errors.AsType[*postgres.UnfitError](err)
	if !ok || !errors.Is(err, domain.ErrUnavailable) || !strings.Contains(unfit.Problem, says) {
		t.Errorf("%s gives %v, want ErrUnavailable by an UnfitError that says %q", operation, err, says)
	}
}

func errorOf[T any](_ T, err error) error { return err }

// keepBusy has other clients use the database until the test ends.
func keepBusy(t *testing.T, dsn string) {
	t.Helper()
	db, err := sqlx.Open("postgres", dsn+"&binary_parameters=yes")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for ctx.Err() == nil {
				_, _ = db.ExecContext(ctx, `SELECT pg_sleep(0.001)`)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		clients.Wait()
		_ = db.Close()
	})
}

func rotate(ctx context.Context, repo *postgres.KeyRepository, id domain.KeyID) error {
	return repo.Update(ctx, "ws_a", id, func(key *domain.APIKey) (domain.Event, error) {
		digest := domain.Digest{Algorithm: domain.AlgorithmHMACSHA256}
		return key.Rotate(digest, time.Hour, rand.Text(), domain.Author{}, time.Now())
	}, ports.UpdateOptions{})
}
