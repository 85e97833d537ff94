package sqlite

import (
	"errors"
	"net/url"
	"testing"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A transaction that took the lock with its first write could fail there,
// after what it read was changed by another process.
func TestWriter_AcquiresTheLockAtBegin(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	tx, err := repo.writer.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	other, err := sqlx.Open("sqlite", dsn(repo.file.path, url.Values{}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()

	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	var failed *sqlite.Error
	if !errors.As(err, &failed) || failed.Code() != sqlite3.SQLITE_BUSY {
		t.Errorf("another process that would write gets %v, want SQLITE_BUSY", err)
	}
}

func TestWriter_KeepsWhatItMayUndoInMemory(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	var where int
	if err := repo.writer.GetContext(t.Context(), &where, "PRAGMA temp_store"); err != nil || where != 2 {
		t.Errorf("after the migrations temp_store is %d, %v, want 2 (MEMORY)", where, err)
	}
}

func TestConnections_AreGuardedAgainstDamage(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	looker, err := openLooker(repo.file.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = looker.Close() }()
	for name, pool := range map[string]*sqlx.DB{"writer": repo.writer, "reader": repo.reader, "looker": looker} {
		conn, err := pool.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, pragma := range []string{"query_only(OFF)", "writable_schema(ON)"} {
			if _, err := conn.ExecContext(t.Context(), "PRAGMA "+pragma); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := conn.ExecContext(t.Context(), `UPDATE sqlite_schema SET sql = sql WHERE name = 'api_keys'`); err == nil {
			t.Errorf("%s: the schema can be overwritten", name)
		}
		if _, err := conn.ExecContext(t.Context(), `SELECT "misspelt" FROM api_keys`); err == nil {
			t.Errorf("%s: a misspelt column is taken for a text", name)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}
