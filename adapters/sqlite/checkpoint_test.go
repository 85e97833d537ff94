package sqlite

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
)

// overlap starts reads, each of which begins before the previous one ends, so that from
// its return until stop is called some reader always uses the log.
func overlap(t *testing.T, repo *KeyRepository) (stop func()) {
	t.Helper()
	begin := func() *sqlx.Tx {
		tx, err := repo.reader.Beginx()
		mustDo(t, err)
		var n int
		mustDo(t, tx.Get(&n, `SELECT count(*) FROM api_keys`))
		return tx
	}
	stopped, wg := make(chan struct{}), sync.WaitGroup{}
	last := begin()
	wg.Go(func() {
		defer func() { _ = last.Rollback() }()
		for {
			select {
			case <-stopped:
				return
			default:
			}
			next := begin()
			_ = last.Rollback()
			last = next
		}
	})
	return func() { close(stopped); wg.Wait() }
}

func TestCheckpoint_BoundsTheLogUnderOverlappingReads(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	repo.committer.checkpoint.limit = 500
	defer overlap(t, repo)()
	const written = 40 // MiB, at the least
	for i := range written {
		rows := rowsOf(fmt.Sprintf("sk_live_%016d", i), fmt.Sprintf("evt_%d", i))
		rows.Event.Changes = `["` + strings.Repeat("x", 1<<20) + `"]`
		store(t, repo, rows)
	}
	info, err := os.Stat(repo.file.path + "-wal")
	mustDo(t, err)
	if size := info.Size() >> 20; size > written/2 {
		t.Errorf("the log has %d MiB after %d MiB were written", size, written)
	}
}
