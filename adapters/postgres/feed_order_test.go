package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// naive follows a sequence, as if it were the order of commits.
type naive struct {
	db   *sqlx.DB
	last int64
}

func (n *naive) poll(t *testing.T) (ids []domain.KeyID) {
	t.Helper()
	var rows []struct {
		Number int64        `db:"number"`
		ID     domain.KeyID `db:"api_key_id"`
	}
	if err := n.db.SelectContext(t.Context(), &rows, `SELECT number, api_key_id FROM api_key_events WHERE number > $1 ORDER BY number`, n.last); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		n.last = row.Number
		ids = append(ids, row.ID)
	}
	return ids
}

// patient waits until no older transaction is in progress, in any database.
type patient struct {
	db   *sqlx.DB
	last string
}

func (p *patient) poll(t *testing.T) (ids []domain.KeyID) {
	t.Helper()
	var horizon string
	if err := p.db.GetContext(t.Context(), &horizon, `SELECT pg_snapshot_xmin(pg_current_snapshot())::text`); err != nil {
		t.Fatal(err)
	}
	err := p.db.SelectContext(t.Context(), &ids, `SELECT api_key_id FROM api_key_events WHERE txid >= $1::xid8 AND txid < $2::xid8`, p.last, horizon)
	if err != nil {
		t.Fatal(err)
	}
	p.last = horizon
	return ids
}

// TestFeed_MissesNothingWhenWritersCommitOutOfOrder has 16 writers that insert in one
// order and commit in the opposite one, with a poll after each commit.
func TestFeed_MissesNothingWhenWritersCommitOutOfOrder(t *testing.T) {
	t.Parallel()
	const writers, rounds = 16, 4
	repo := openMigrated(t, migrated(t))
	db := aside(t, repo)
	db.MustExecContext(t.Context(), `ALTER TABLE api_key_events ADD COLUMN number bigserial`)
	feed, counterProof := startFeed(t, repo), &naive{db: db}

	missed, missedByNaive := 0, 0
	for range rounds {
		var open []*sqlx.Tx
		var ids []domain.KeyID
		for range writers {
			tx, id := beginEvent(t, db)
			open, ids = append(open, tx), append(ids, id)
		}
		for i, tx := range slices.Backward(open) {
			commit(t, tx)
			if !slices.Contains(told(t, feed), ids[i]) {
				missed++
			}
			if !slices.Contains(counterProof.poll(t), ids[i]) {
				missedByNaive++
			}
		}
	}
	if missed > 0 {
		t.Errorf("%d of %d events are missed", missed, writers*rounds)
	}
	if missedByNaive == 0 {
		t.Error("a follower of a sequence misses nothing: the commits were in order")
	}
}

// TestFeed_MissesNothingOfConcurrentWriters leaves the order to the scheduler.
func TestFeed_MissesNothingOfConcurrentWriters(t *testing.T) {
	t.Parallel()
	const writers, each = 16, 16
	repo := openMigrated(t, migrated(t))
	feed, db := startFeed(t, repo), aside(t, repo)

	written := make(chan domain.KeyID, writers*each)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				id, err := writeEvent(t.Context(), db)
				if err != nil {
					t.Error(err)
					return
				}
				written <- id
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()

	seen := map[domain.KeyID]int{}
	look := func() {
		for _, id := range told(t, feed) {
			seen[id]++
		}
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		look()
	}
	close(written)
	for id := range written {
		if seen[id] != 1 {
			t.Errorf("the event of %s is told %d times, want once", id, seen[id])
		}
	}
}

func TestFeed_IsNotLateWhileATransactionIsOpenInAnotherDatabase(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t, migrated(t))
	elsewhere := openMigrated(t, migrated(t))
	held := aside(t, elsewhere).MustBegin()
	defer func() { _ = held.Rollback() }()
	held.MustExecContext(t.Context(), `SELECT pg_current_xact_id()`) // which the horizon waits for

	db := aside(t, repo)
	feed, counterProof := startFeed(t, repo), &patient{db: db, last: "0"}
	late, lateByPatient := 0, 0
	const events = 20
	for range events {
		id, err := writeEvent(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		switch ids := told(t, feed); {
		case !slices.Contains(ids, id):
			late++
		case len(ids) > 1:
			t.Errorf("%d keys are told, want the one that changed", len(ids))
		}
		if !slices.Contains(counterProof.poll(t), id) {
			lateByPatient++
		}
	}
	if late > 0 {
		t.Errorf("%d of %d events are late", late, events)
	}
	if lateByPatient != events {
		t.Errorf("a follower that waits for the horizon is late %d times, want %d: nothing holds it back", lateByPatient, events)
	}
}

// aside returns another pool for the database of repo, without the timeouts of its own:
// on a busy machine, preparing a test may take long, and a transaction that a test
// leaves open must stay open.
func aside(t testing.TB, repo *KeyRepository) *sqlx.DB {
	t.Helper()
	db, err := sqlx.ConnectContext(t.Context(), "postgres", repo.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxIdleConns(maxConnections) // making a connection takes longer than most statements
	return db
}

func startFeed(t *testing.T, repo *KeyRepository) *feed {
	t.Helper()
	f := repo.Follow().(*feed)
	t.Cleanup(func() { _ = f.Close() })
	if changes := polled(t, f); !changes.Lost {
		t.Fatalf("the first poll gives %v", changes)
	}
	return f
}

// polled polls until the server answers within feedLimit, which it may not do at once
// on a busy machine.
func polled(t *testing.T, f *feed) ports.Changes {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		changes, err := f.Poll(ctx)
		switch {
		case err == nil:
			return changes
		case !errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil:
			t.Fatalf("Poll gives %v", err)
		}
	}
}

func told(t *testing.T, f *feed) []domain.KeyID {
	t.Helper()
	changes := polled(t, f)
	if changes.Lost {
		t.Fatal("Poll gives lost")
	}
	return changes.Keys
}

const insertEvent = `INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, request_id, changes)
VALUES ($1, now(), 'evt', 'ws', 'DISABLED', 'acc', 'PARTNER', 'device', 'req', '[]')`

func newID() domain.KeyID { return domain.KeyID("sk_live_" + rand.Text()[:16]) }

// beginEvent writes an event and leaves its transaction open.
func beginEvent(t *testing.T, db *sqlx.DB) (*sqlx.Tx, domain.KeyID) {
	t.Helper()
	tx, err := db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	id := newID()
	tx.MustExecContext(t.Context(), insertEvent, id)
	return tx, id
}

func writeEvent(ctx context.Context, db *sqlx.DB) (domain.KeyID, error) {
	id := newID()
	if _, err := db.ExecContext(ctx, insertEvent, id); err != nil {
		return "", fmt.Errorf("write an event: %w", err)
	}
	return id, nil
}

func commit(t *testing.T, tx *sqlx.Tx) {
	t.Helper()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
