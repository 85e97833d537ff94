package pgtest_test

import (
	"context"
	"database/sql"
	"net/url"
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestNewDatabase_IsEmptyAndSeparate(t *testing.T) {
	t.Parallel()
	one, two := open(t, pgtest.NewDatabase(t)), open(t, pgtest.NewDatabase(t))
	exec(t, one, "CREATE TABLE things (id int)")
	exec(t, two, "CREATE TABLE things (id int)")
	exec(t, one, "INSERT INTO things VALUES (1)")
	if n := count(t, two); n != 0 {
		t.Errorf("the second database has %d rows from the first", n)
	}
}

func TestNewDatabase_StatesSSLMode(t *testing.T) {
	t.Parallel()
	dsn, err := url.Parse(pgtest.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	if !dsn.Query().Has("sslmode") {
		t.Error("the URL has no sslmode")
	}
}

func TestNewDatabase_IsDroppedEvenInUse(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("a test that leaves a connection open", func(t *testing.T) {
		dsn = pgtest.NewDatabase(t)
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, db, "SELECT 1")
	})
	db := open(t, dsn)
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("the database outlived its test")
	}
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func count(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
