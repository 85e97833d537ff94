package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestStore_noticesThatItsFileIsGone(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) {
			t.Helper()
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"replaced by another": func(t *testing.T, path string) {
			t.Helper()
			other := openMigrated(t)
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(other.file.path, path); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, takeAway := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := openMigrated(t)
			create := func(id, eventID string) error {
				return translate(t.Context(), repo.committer.do(t.Context(), func(_ context.Context, tx transaction) error {
					return tx.create(rowsOf(id, eventID), 0)
				}))
			}
			if err := errors.Join(repo.Ready(t.Context()), create("sk_live_0000000000000001", "evt_1")); err != nil {
				t.Fatal(err)
			}
			takeAway(t, repo.file.path)

			if err := repo.Ready(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("Ready gives %v, want ErrUnavailable", err)
			}
			const lost = "sk_live_0000000000000002"
			if err := create(lost, "evt_2"); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("a create gives %v, want ErrUnavailable", err)
			}
			if _, err := repo.Find(t.Context(), lost); err == nil {
				t.Error("it was stored all the same")
			}
		})
	}
}

func TestStore_doesNotMakeItsFileAgain(t *testing.T) {
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
