package postgres_test

import (
	"net/url"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestOpen_AuthenticatesBySCRAM(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	server.Exec("CREATE ROLE " + pgtest.SCRAMRole + " SUPERUSER LOGIN PASSWORD 'secret'")
	dsn, err := url.Parse(server.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	dsn.User = url.UserPassword(pgtest.SCRAMRole, "secret")

	repo := openDSN(t, dsn.String())

	if err := repo.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
	db, err := sqlx.Open("postgres", dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var method string
	if err := db.GetContext(t.Context(), &method, "SELECT auth_method FROM pg_hba_file_rules WHERE $1 = ANY (user_name)", pgtest.SCRAMRole); err != nil {
		t.Fatal(err)
	}
	if method != "scram-sha-256" {
		t.Errorf("the role authenticates by %s", method)
	}
}
