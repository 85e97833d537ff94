package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// lockedBy has another session hold what query locks, until lock is rolled back.
func lockedBy(t *testing.T, dsn, query string, args ...any) (other *sqlx.DB, lock *sqlx.Tx) {
	t.Helper()
	other, err := sqlx.ConnectContext(t.Context(), "postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	lock = other.MustBeginTx(t.Context(), nil)
	lock.MustExecContext(t.Context(), query, args...)
	return other, lock
}

const lockedKey = `SELECT 1 FROM api_keys WHERE id = $1 FOR UPDATE`

func tryToDisable(ctx context.Context, repo *postgres.KeyRepository, id domain.KeyID, event string) error {
	return repo.Update(ctx, "ws_a", id, func(key *domain.APIKey) (domain.Event, error) {
		return key.Disable(event, domain.Author{AccountID: "acc"}, time.Now()), nil
	}, ports.UpdateOptions{})
}

func TestUpdate_EndsBeforeItsDeadlineWhileTheKeyIsLocked(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := createOne(t, repo)
	_, lock := lockedBy(t, dsn, lockedKey, string(id))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := tryToDisable(ctx, repo, id, newEventID(t)); !errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil {
		t.Errorf("error = %v, want ErrUnavailable before the deadline", err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := tryToDisable(ctx, repo, id, newEventID(t)); err != nil {
		t.Errorf("when the lock is gone: %v", err)
	}
}

const waitingChanges = `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'`

func TestPool_ChangesLeaveConnectionsForChecks(t *testing.T) {
	t.Parallel()
	const most = 12 // of 16
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	stuck, known := createOne(t, repo), createOne(t, repo)
	other, lock := lockedBy(t, dsn, lockedKey, string(stuck))
	ctx, stop := context.WithCancel(t.Context())
	var changes sync.WaitGroup
	event := newEventID(t)
	for range 4 * most {
		changes.Go(func() {
			for ctx.Err() == nil {
				_ = tryToDisable(ctx, repo, stuck, event)
			}
		})
	}
	waiting := func() (n int) {
		if err := other.GetContext(t.Context(), &n, waitingChanges); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for waiting() < most {
		if t.Context().Err() != nil {
			t.Fatal("the changes do not come to wait")
		}
	}
	for range 100 {
		if _, err := repo.Find(t.Context(), known); err != nil {
			t.Errorf("Find: %v", err)
		}
		if n := waiting(); n > most {
			t.Fatalf("%d changes hold connections, want %d at most", n, most)
		}
	}
	stop()
	if err := lock.Rollback(); err != nil {
		t.Error(err)
	}
	changes.Wait()
}
