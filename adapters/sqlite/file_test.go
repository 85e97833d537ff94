package sqlite_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/slaunchx/apikeys/adapters/sqlite"
)

func TestOpen_CreatesFilesForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	openFile(t, path)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != fs.FileMode(0o600) {
			t.Errorf("%s has mode %o, want 600", filepath.Base(path+suffix), mode)
		}
	}
}

func TestOpen_AcceptsAnyFileName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?mode=memory&x=%41#c 鍵.db")
	openFile(t, path)
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Error(err)
	}
}

func TestOpen_Rejects(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	if err := os.WriteFile(text, []byte("not a database, and longer than a header"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"no path":                      "",
		"a database without a file":    ":memory:",
		"a folder that does not exist": filepath.Join(folder, "none", "keys.db"),
		"a folder":                     folder,
		"a file of another kind":       text,
	}
	for name, path := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo, err := sqlite.Open(t.Context(), path)
			if err == nil {
				t.Errorf("Open succeeds, Close: %v", repo.Close())
			}
		})
	}
}
