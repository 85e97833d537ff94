package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/domain"
)

func TestStore_NoticesThatItsFilesWereReplaced(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, path, backup string){
		"the database removed": func(t *testing.T, path, _ string) {
			t.Helper()
			mustDo(t, os.Remove(path))
		},
		"the database replaced by another": func(t *testing.T, path, _ string) {
			t.Helper()
			other := openMigrated(t)
			mustDo(t, other.Close(), os.Rename(other.file.path, path))
		},
		"the log removed": func(t *testing.T, path, _ string) {
			t.Helper()
			mustDo(t, os.Remove(path+"-wal"))
		},
		"the log replaced by another": func(t *testing.T, path, _ string) {
			t.Helper()
			mustDo(t, os.Remove(path+"-wal"), os.WriteFile(path+"-wal", nil, 0o600))
		},
		"the index of the log removed": func(t *testing.T, path, _ string) {
			t.Helper()
			mustDo(t, os.Remove(path+"-shm"))
		},
		"a backup moved over the database": func(t *testing.T, path, backup string) {
			t.Helper()
			mustDo(t, os.Rename(backup, path))
		},
		"a backup copied over the database": func(t *testing.T, path, backup string) {
			t.Helper()
			copyOver(t, backup, path)
		},
	}
	for name, takeAway := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := openMigrated(t)
			f := startFeed(t, repo)
			create := func(id, eventID string) error {
				return translate(t.Context(), repo.committer.do(t.Context(), func(_ context.Context, tx transaction) error {
					return tx.create(rowsOf(id, eventID), 0)
				}))
			}
			const first, second, lost = "sk_live_0000000000000001", "sk_live_0000000000000002", "sk_live_0000000000000003"
			mustDo(t, repo.Ready(t.Context()), create(first, "evt_1"))
			backup := filepath.Join(t.TempDir(), "backup.db")
			repo.writer.MustExecContext(t.Context(), `VACUUM INTO ?`, backup)
			mustDo(t, create(second, "evt_2"))
			takeAway(t, repo.file.path, backup)

			if err := repo.Ready(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("Ready() = %v, want ErrUnavailable", err)
			}
			if err := create(lost, "evt_3"); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("a create returns %v, want ErrUnavailable", err)
			}
			if _, err := repo.Find(t.Context(), first); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("Find() = %v, want ErrUnavailable", err)
			}
			if _, err := f.Poll(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("Poll() = %v, want ErrUnavailable", err)
			}
		})
	}
}

// Only checkpoints write to the database file, whichever process runs them.
func TestStore_DoesNotTakeACheckpointForAReplacedFile(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	f := startFeed(t, repo)
	other, err := sqlx.Open("sqlite", dsn(repo.file.path, url.Values{}))
	mustDo(t, err)
	defer func() { _ = other.Close() }()
	for i, mode := range []string{"PASSIVE", "FULL", "RESTART", "TRUNCATE", "TRUNCATE", "PASSIVE"} {
		id := fmt.Sprintf("sk_live_%016d", i)
		store(t, repo, rowsOf(id, fmt.Sprintf("evt_%d", i)))
		other.MustExecContext(t.Context(), `PRAGMA wal_checkpoint(`+mode+`)`)
		if _, err := repo.Find(t.Context(), domain.KeyID(id)); err != nil {
			t.Fatalf("after a %s checkpoint by another, Find() = %v", mode, err)
		}
		if ids := told(t, f); !slices.Contains(ids, domain.KeyID(id)) {
			t.Errorf("the feed tells %v, want %s", ids, id)
		}
		mustDo(t, repo.Ready(t.Context()))
	}
}

// A log that was restarted and copied again may be exactly as long as before.
func TestStore_DoesNotTakeACheckpointOfALogAsLongAsBeforeForAReplacedFile(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	other, err := sqlx.Open("sqlite", dsn(repo.file.path, url.Values{}))
	mustDo(t, err)
	defer func() { _ = other.Close() }()
	for i := range 4 {
		id := fmt.Sprintf("sk_live_%016d", i)
		repo.file.one <- struct{}{} // the store cannot look at its files after the commit
		store(t, repo, rowsOf(id, fmt.Sprintf("evt_%d", i)))
		other.MustExecContext(t.Context(), `PRAGMA wal_checkpoint(FULL)`)
		<-repo.file.one
		if _, err := repo.Find(t.Context(), domain.KeyID(id)); err != nil {
			t.Fatalf("after checkpoint %d by another, Find() = %v", i+1, err)
		}
	}
}

func mustDo(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// copyOver writes the bytes of one file into another, as cp does.
func copyOver(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	mustDo(t, err)
	mustDo(t, os.WriteFile(to, content, 0o600))
}

func TestStore_DoesNotRecreateItsFile(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	if err := os.Remove(repo.file.path); err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Find(t.Context(), "sk_live_0000000000000001"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Find on a new connection gives %v, want ErrUnavailable", err)
	}
	if _, err := os.Stat(repo.file.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there again (%v)", err)
	}
}
