package postgres

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// awaitSyncWait returns when a transaction waits for the standby, or the test ends.
func awaitSyncWait(t *testing.T, repo *KeyRepository) {
	const waiting = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'SyncRep'`
	for n := 0; n == 0 && t.Context().Err() == nil; {
		_ = repo.maintenance.GetContext(t.Context(), &n, waiting)
	}
}

// The server also responds to COMMIT when it is told to stop waiting for the standby.
// That response must not count, however soon it arrives.
func TestWritten_IgnoresACommitThatTheSynchronousStandbyLacks(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.WithDurability())
	repo := openMigrated(t, server.NewDatabase(t))
	id := createIn(t, repo)
	server.Exec(`ALTER SYSTEM SET synchronous_standby_names = '*'`)
	server.Restart() // without a standby

	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	go func() {
		awaitSyncWait(t, repo)
		leave()
	}()
	var kept bool
	err := written(ctx, func(ctx context.Context) error {
		err := repo.transact(ctx, func(tx transaction) error {
			_, err := tx.ExecContext(ctx, `UPDATE api_keys SET disabled = true WHERE id = $1`, string(id))
			return err
		})
		kept = err == nil
		return err
	})
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("it is taken for written: %v", err)
	}
	if !kept {
		t.Error("the server did not answer that it is written, so nothing was tested")
	}
}
