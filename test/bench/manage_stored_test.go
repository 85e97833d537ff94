package bench

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// The queries of the stores.
const (
	keyColumns = `k.id, k.workspace_id, k.name, k.mode, k.scopes, k.ip_whitelist, k.disabled,
k.created_by, k.created_at, k.expires_at, k.last_used_at, k.deleted_at, k.rate_limits, k.quota,
s.algorithm, s.pepper_id, s.digest, s.valid_until`

	getKey = `SELECT ` + keyColumns + `
FROM api_keys k JOIN api_key_secrets s ON s.api_key_id = k.id WHERE k.id = ? AND k.workspace_id || '' = ? AND coalesce(deleted_at IS NULL, false) ORDER BY s.position`

	listKeys = `WITH page AS (
SELECT cut.id FROM (
SELECT k.id FROM api_keys k WHERE workspace_id = ? AND deleted_at IS NULL
ORDER BY k.created_at DESC, k.id DESC LIMIT ? OFFSET ?
) cut LIMIT 100
)
SELECT t.total, ` + keyColumns + `
FROM (SELECT coalesce((SELECT living FROM api_key_counts WHERE workspace_id = ?), 0) AS total) t
LEFT JOIN (page JOIN api_keys k ON k.id = page.id JOIN api_key_secrets s ON s.api_key_id = k.id) ON true
ORDER BY k.created_at DESC, k.id DESC, s.position`
)

func TestReadings_AreTheQueriesOfTheStore(t *testing.T) {
	t.Parallel()
	e := postgresEngine()
	databaseURL := migrated(t, pgtest.NewDatabase(t))
	fillWorkspace(t, e, databaseURL)
	s := newEmbedded(t, settings(t, jwttest.NewIssuer(t), databaseURL))
	for name, r := range map[string]reading{"get": get, "list": listNewest} {
		t.Run(name, func(t *testing.T) {
			ws := openWorkspace(t, s)
			wantExecuted(t, e.open(t, databaseURL), sqlx.Rebind(e.bind, r.query), 20, func(int) error { return r.call(t.Context(), ws, 0) })
		})
	}
}

// fillWorkspace writes the keys of the workspace directly to the database, with
// unknown secrets.
func fillWorkspace(t testing.TB, e engine, databaseURL string) {
	t.Helper()
	db := e.open(t, databaseURL)
	for _, statement := range e.fill {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// querying is a side that only reads the rows of keys.
type querying struct {
	statement *sql.Stmt
	reading   reading
}

func newQuerying(t testing.TB, e engine, databaseURL string, r reading) *querying {
	t.Helper()
	db := e.open(t, databaseURL)
	db.SetMaxOpenConns(e.readers)
	db.SetMaxIdleConns(e.readers)
	return &querying{statement: e.prepare(t, db, r.query), reading: r}
}

func (s *querying) clients(t testing.TB, n, _ int) []client {
	t.Helper()
	ctx := t.Context()
	all := make([]client, n)
	for c := range all {
		all[c] = func(i int) error { return s.read(ctx, i) }
	}
	return all
}

func (s *querying) read(ctx context.Context, i int) error {
	rows, err := s.statement.QueryContext(ctx, s.reading.args(i)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	read := 0
	for ; rows.Next(); read++ {
		if err := rows.Scan(values...); err != nil {
			return err
		}
	}
	if read != s.reading.rows {
		return fmt.Errorf("%d rows were read, want %d, error %w", read, s.reading.rows, rows.Err())
	}
	return rows.Err()
}
