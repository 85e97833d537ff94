package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"testing"

	"github.com/slaunchx/apikeys/adapters/sqlite"
)

// A file in which another program has tables of the same names is not changed.
func TestOpen_RefusesTheFileOfAnotherProgram(t *testing.T) {
	t.Parallel()
	for name, foreign := range map[string]string{
		"that keeps API keys":         `CREATE TABLE api_keys (id INTEGER PRIMARY KEY, token TEXT)`,
		"that keeps idempotency keys": `CREATE TABLE idempotency_keys (key TEXT)`,
		"that calls a view so":        `CREATE VIEW api_keys AS SELECT 1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newFile(t)
			execute(t, path, foreign)
			before := contentOf(t, path)
			repo, err := sqlite.Open(t.Context(), path)
			if err == nil {
				_ = repo.Close()
			}
			if foreign, ok := errors.AsType[*sqlite.ForeignError](err); !ok || foreign.Path != path || !errors.Is(err, sqlite.ErrMisplaced) {
				t.Errorf("Open gives %v, want a ForeignError", err)
			}
			if !bytes.Equal(contentOf(t, path), before) {
				t.Error("the file was changed")
			}
		})
	}
}

// Tables of other names, such as those of an embedder, do no harm.
func TestOpen_TakesAFileWithOtherTables(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	execute(t, path, `CREATE TABLE orders (id INTEGER PRIMARY KEY)`)
	if err := openFile(t, path).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func contentOf(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
