package sqlite

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func startFeed(t *testing.T, repo *KeyRepository) *feed {
	t.Helper()
	f := repo.Follow().(*feed)
	t.Cleanup(func() { _ = f.Close() })
	if changes, err := f.Poll(t.Context()); err != nil || !changes.Lost {
		t.Fatalf("the first poll gives %v and %v", changes, err)
	}
	return f
}

func told(t *testing.T, f *feed) []domain.KeyID {
	t.Helper()
	changes, err := f.Poll(t.Context())
	if err != nil || changes.Lost {
		t.Fatalf("Poll gives lost: %v and %v", changes.Lost, err)
	}
	return changes.Keys
}

func store(t *testing.T, repo *KeyRepository, rows newRows) {
	t.Helper()
	err := repo.committer.do(t.Context(), func(_ context.Context, tx transaction) error { return tx.create(rows, 0) })
	if err != nil {
		t.Fatal(err)
	}
}

// insertMany writes one event for each of n keys.
func insertMany(t *testing.T, repo *KeyRepository, eventID string, n int) {
	t.Helper()
	repo.writer.MustExecContext(t.Context(), `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, request_id, changes)
SELECT printf('sk_live_%016d', n), 0, ?, 'ws', 'DISABLED', 'acc', 'PARTNER', 'device', 'req', '[]' FROM numbers`, n, eventID)
}

func TestFeed_SaysLostInsteadOfReportingTooMuch(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	f := startFeed(t, repo)
	insertMany(t, repo, "evt_1", maxTold)
	if got := len(told(t, f)); got != maxTold {
		t.Errorf("%d keys are told, want %d", got, maxTold)
	}
	insertMany(t, repo, "evt_2", maxTold+1)
	if changes, err := f.Poll(t.Context()); err != nil || !changes.Lost || len(changes.Keys) > 0 {
		t.Errorf("Poll gives %d keys, lost: %v and %v, want lost alone", len(changes.Keys), changes.Lost, err)
	}
	if ids := told(t, f); len(ids) != 0 {
		t.Errorf("%d keys are told again", len(ids))
	}
}

// The version of the data that one connection read means nothing to another.
func TestFeed_MissesNothingWhenItsConnectionIsLost(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	f := startFeed(t, repo)
	const id = "sk_live_0000000000000001"
	store(t, repo, rowsOf(id, "evt_1"))
	if err := f.disconnect(); err != nil {
		t.Fatal(err)
	}
	if err := f.pool.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.conn.GetContext(t.Context(), &f.last.version, `PRAGMA data_version`); err != nil {
		t.Fatal(err)
	}
	if err := f.disconnect(); err != nil {
		t.Fatal(err)
	}
	if ids := told(t, f); len(ids) != 1 || ids[0] != id {
		t.Errorf("%v is told, want %s", ids, id)
	}
}

func TestFeed_SaysLostWhenTheFileIsAnOlderOne(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	store(t, repo, rowsOf("sk_live_0000000000000001", "evt_1"))
	f := startFeed(t, repo)
	repo.writer.MustExecContext(t.Context(), `DROP TRIGGER api_key_events_no_delete; DELETE FROM api_key_events`)
	if changes, err := f.Poll(t.Context()); err != nil || !changes.Lost {
		t.Errorf("Poll gives lost: %v and %v, want lost", changes.Lost, err)
	}
}

func TestFeed_IsUnavailableOnceItsStoreIsClosed(t *testing.T) {
	t.Parallel()
	f := startFeed(t, openMigrated(t))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Poll(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Poll gives %v, want ErrUnavailable", err)
	}
}

// It is unknown what a poll that panicked had seen.
func TestFeed_SaysLostAfterAPanic(t *testing.T) {
	t.Parallel()
	f := startFeed(t, openMigrated(t))
	file := f.file
	f.file = nil
	if _, err := f.Poll(t.Context()); !errors.Is(err, domain.ErrPanicked) || errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Poll() = %v, want ErrPanicked", err)
	}
	f.file = file
	if changes, err := f.Poll(t.Context()); err != nil || !changes.Lost {
		t.Errorf("the next poll says lost: %v, %v, want lost", changes.Lost, err)
	}
}

func BenchmarkFeed_OfAQuietStore(b *testing.B) {
	repo, err := Open(b.Context(), b.TempDir()+"/keys.db")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = repo.Close() }()
	if err := repo.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	f := repo.Follow()
	defer func() { _ = f.Close() }()
	for b.Loop() {
		if _, err := f.Poll(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
