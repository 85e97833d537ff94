package postgres

import (
	"slices"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// After a crash, a server reuses the IDs of transactions that had not yet written to
// the log, so events get IDs that the last snapshot has seen.
func TestFeed_MissesNothingAfterTheServerCrashed(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.WithDurability())
	repo := openMigrated(t, server.NewDatabase(t))
	f := startFeed(t, repo)
	if _, err := writeEvent(t.Context(), repo.maintenance); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		tx := repo.pool.MustBegin()
		tx.MustExecContext(t.Context(), `SELECT pg_current_xact_id()`)
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	told(t, f)

	server.Stop(pgtest.Immediate)
	server.Restart()
	var written []domain.KeyID
	for len(written) < 20 {
		id, err := writeEvent(t.Context(), repo.maintenance)
		if err == nil { // else the connection was of the server that crashed
			written = append(written, id)
		}
	}
	changes := polled(t, f) // the first may find its connection gone
	if changes.Lost {
		return
	}
	for _, id := range written {
		if !slices.Contains(changes.Keys, id) {
			t.Fatalf("%s is neither told nor said to be lost", id)
		}
	}
}
