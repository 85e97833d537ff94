package pooler_test

import (
	"database/sql"
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/pooler"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestStart(t *testing.T) {
	t.Parallel()
	p := pooler.Start(t, pgtest.NewDatabase(t), pooler.Session, 5)
	db, err := sql.Open("postgres", p.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(2)
	first, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	backend := func(conn *sql.Conn) (pid int) {
		if err := conn.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	if first, second := backend(first), backend(second); first == second {
		t.Errorf("in session mode two clients share the server connection of process %d", first)
	}
	p.SetMode(t, pooler.Transaction)
	backend(first) // releases its connection
	backend(second)
	if first, second := backend(first), backend(second); first != second {
		t.Errorf("in transaction mode two clients have the server connections of processes %d and %d", first, second)
	}
}
