package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/keycache"
	"github.com/slaunchx/apikeys/domain"
)

// readsWait makes reads of keys, and nothing else, wait while another session has the
// lock.
const readsWait = `ALTER TABLE api_keys RENAME TO all_api_keys;
CREATE FUNCTION let_go() RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN true; END $$;
CREATE VIEW api_keys AS SELECT * FROM all_api_keys WHERE let_go()`

const waitingReads = `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'`

func TestPool_ChecksLeaveConnectionsForChanges(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := createOne(t, repo)
	exec(t, dsn, readsWait)
	other, lock := lockedBy(t, dsn, `SELECT pg_advisory_xact_lock(1)`)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var reads sync.WaitGroup
	for range keycache.MaximumReads {
		reads.Go(func() {
			// A read that waits for longer than its connection allows is abandoned.
			for {
				if _, err := repo.Find(ctx, id); !errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil {
					return
				}
			}
		})
	}
	for waiting := 0; waiting < keycache.MaximumReads; {
		if err := other.GetContext(ctx, &waiting, waitingReads); err != nil {
			t.Fatal(err)
		}
	}
	createOne(t, repo)
	if err := lock.Rollback(); err != nil {
		t.Error(err)
	}
	reads.Wait()
}
