package postgres_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestKeyRepository_damage(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	portstest.RunKeyRepositoryDamage(t, openDSN(t, dsn), func(t testing.TB, id domain.KeyID, list string) {
		exec(t, dsn, `UPDATE api_keys SET scopes = $1, ip_whitelist = $2 WHERE id = $3`, list, list, string(id))
	})
}

// exec changes the database behind the back of the store.
func exec(t testing.TB, dsn, statement string, args ...any) {
	t.Helper()
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}
