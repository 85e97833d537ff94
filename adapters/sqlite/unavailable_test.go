package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// A log that cannot be created stands for a disk that cannot be written to.
func TestOpen_SucceedsThoughTheDiskCannotBeUsedYet(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.db")
	mustDo(t, os.Mkdir(path+"-wal", 0o700))
	repo, err := Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	t.Cleanup(func() { mustDo(t, repo.Close()) })
	f := repo.Follow()
	t.Cleanup(func() { mustDo(t, f.Close()) })

	create := func() error {
		return translate(t.Context(), repo.committer.do(t.Context(), func(_ context.Context, tx transaction) error {
			return tx.create(rowsOf("sk_live_0000000000000001", "evt_1"), 0)
		}))
	}
	find := func() error { _, err := repo.Find(t.Context(), "sk_live_0000000000000001"); return err }
	poll := func() error { _, err := f.Poll(t.Context()); return err }
	for what, err := range map[string]error{
		"Migrate": repo.Migrate(t.Context()), "Ready": repo.Ready(t.Context()),
		"create": create(), "Find": find(), "Poll": poll(),
	} {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s returns %v, want ErrUnavailable", what, err)
		}
	}

	mustDo(t, os.Remove(path+"-wal"))
	mustDo(t, repo.Migrate(t.Context()), repo.Ready(t.Context()), create(), find(), poll())
}

func TestMigrate_IsUnavailableWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	repo, err := Open(t.Context(), filepath.Join(t.TempDir(), "keys.db"))
	mustDo(t, err)
	t.Cleanup(func() { mustDo(t, repo.Close()) })
	repo.writer.MustExecContext(t.Context(), `PRAGMA max_page_count = 4`)
	if err := repo.Migrate(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Migrate() = %v, want ErrUnavailable", err)
	}
	repo.writer.MustExecContext(t.Context(), `PRAGMA max_page_count = 1000000`)
	mustDo(t, repo.Migrate(t.Context()), repo.Ready(t.Context()))
}

// SQLite rolls back the whole transaction when a statement runs out of space.
func TestBatch_TellsTheCauseWhenTheTransactionIsLost(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	var pages int
	mustDo(t, repo.writer.GetContext(t.Context(), &pages, `PRAGMA page_count`))
	repo.writer.MustExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
	err := translate(t.Context(), repo.committer.do(t.Context(), func(_ context.Context, tx transaction) error {
		outcome := `{"x":"` + strings.Repeat("x", 1<<20) + `"}`
		_, err := tx.ExecContext(unwatched, `INSERT INTO idempotency_keys (workspace_id, key, fingerprint, at, until, outcome)
VALUES ('ws', 'key', zeroblob(32), 0, 0, ?)`, outcome)
		return err
	}))
	if !errors.Is(err, domain.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "full") {
		t.Errorf("a create returns %v, want ErrUnavailable and that the disk is full", err)
	}
}

func TestBatch_ContainsAPanic(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	const id = "sk_live_0000000000000001"
	batch := []*write{
		newWrite(t.Context(), func(_ context.Context, tx transaction) error {
			if err := tx.create(rowsOf("sk_live_0000000000000002", "evt_2"), 0); err != nil {
				return err
			}
			var none []int
			return fmt.Errorf("%d", none[0])
		}),
		newWrite(t.Context(), func(_ context.Context, tx transaction) error { return tx.create(rowsOf(id, "evt_1"), 0) }),
	}
	repo.committer.commit(batch)
	if err := translate(t.Context(), <-batch[0].answer); err == nil || errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("the write that panics returns %v, want an internal error", err)
	}
	mustDo(t, <-batch[1].answer)
	if _, err := repo.Find(t.Context(), id); err != nil {
		t.Errorf("what was written beside it: %v", err)
	}
	if _, err := repo.Find(t.Context(), "sk_live_0000000000000002"); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("what the panic left: %v, want ErrKeyNotFound", err)
	}
}

func TestReady_DoesNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	tx, err := repo.writer.BeginTxx(t.Context(), nil)
	mustDo(t, err)
	defer func() { _ = tx.Rollback() }()
	ends(t, "Ready", func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := repo.Ready(ctx); err != nil {
			t.Errorf("Ready() = %v", err)
		}
	})
}

func TestOpen_WarnsOfFilesThatOthersCanUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.db")
	mustDo(t, os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o666))
	var logged bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&logged, nil))
	open := func() {
		repo, err := Open(t.Context(), path, WithLogger(logger))
		mustDo(t, err)
		mustDo(t, repo.Close())
	}
	open()
	for _, name := range []string{"keys.db", "keys.db-wal", "keys.db-shm"} {
		if want := "path=" + filepath.Join(filepath.Dir(path), name) + " mode=0666"; !strings.Contains(logged.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, logged.String())
		}
	}
	if !strings.Contains(logged.String(), "chmod 600") {
		t.Errorf("the log does not say what to do:\n%s", logged.String())
	}

	logged.Reset()
	mustDo(t, os.Chmod(path, 0o600))
	open()
	if logged.Len() > 0 {
		t.Errorf("of a file that is its owner's alone the log says:\n%s", logged.String())
	}
}
