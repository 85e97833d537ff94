package sqlite

import (
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A transaction that took the lock only with its first write could fail there, because
// another process may have changed what it had read.
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

func TestWriter_KeepsWhatItMayUndoInMemoryButNotOfMigrations(t *testing.T) {
	t.Parallel()
	repo, err := Open(t.Context(), filepath.Join(t.TempDir(), "keys.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	repo.writer.MustExecContext(t.Context(), `
CREATE TABLE apikeys_schema_versions (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')));
INSERT INTO apikeys_schema_versions (version_id, is_applied) VALUES (0, 1);
CREATE TABLE seen (temp_store INTEGER);
CREATE TRIGGER look AFTER INSERT ON apikeys_schema_versions BEGIN INSERT INTO seen SELECT temp_store FROM pragma_temp_store; END;
CREATE TABLE api_key_deliveries (id)`)

	mustBe := func(when, query string, want ...int) {
		t.Helper()
		var got []int
		if err := repo.writer.SelectContext(t.Context(), &got, query); err != nil || !slices.Equal(got, want) {
			t.Errorf("temp_store is %d %s, %v; want %d", got, when, err, want)
		}
	}
	const file, memory = 1, 2
	mustBe("before migrations", "PRAGMA temp_store", memory)
	if err := repo.Migrate(t.Context()); err == nil {
		t.Error("the table of another program is migrated")
	}
	mustBe("after a migration that failed", "PRAGMA temp_store", memory)
	repo.writer.MustExecContext(t.Context(), "DROP TABLE api_key_deliveries")
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustBe("after migrations", "PRAGMA temp_store", memory)
	mustBe("during migrations", "SELECT DISTINCT temp_store FROM seen", file)
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
