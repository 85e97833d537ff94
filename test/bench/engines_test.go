package bench

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"

	"github.com/slaunchx/apikeys/test/pgtest"
)

// engine is a database to measure. Bare connections to it are configured like those
// of the service's store.
type engine struct {
	name    string
	driver  string
	bind    int // the placeholder style, for sqlx
	writers int // number of connections that write
	readers int // number of connections that read
	dsn     func(databaseURL string) string
	instant func(time.Time) any
	// durable returns a source of new databases whose commits survive a crash;
	// those of volatile need not.
	durable, volatile func(t testing.TB) func(testing.TB) string
	// fill creates workspaceKeys keys in the workspace.
	fill []string
}

var engines = []engine{
	{
		name:     "sqlite",
		driver:   "sqlite",
		bind:     sqlx.QUESTION,
		writers:  1,
		readers:  4,
		fill:     sqliteFill,
		dsn:      sqliteDSN,
		instant:  func(t time.Time) any { return t.UnixMicro() },
		durable:  sqliteFiles,
		volatile: sqliteFiles,
	},
	{
		name:     "postgres",
		driver:   "postgres",
		bind:     sqlx.DOLLAR,
		writers:  16,
		readers:  16,
		fill:     postgresFill,
		dsn:      func(databaseURL string) string { return databaseURL },
		instant:  func(t time.Time) any { return t },
		durable:  durableServer,
		volatile: func(testing.TB) func(testing.TB) string { return pgtest.NewDatabase },
	},
}

var sqliteFill = []string{
	`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
INSERT INTO api_keys (id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at)
SELECT printf('sk_live_%016d', n), 'ws_1', 'Key ' || n, 'KEY ' || n, 1, '["payment:read","payment:write"]', '["192.168.1.0/24"]', 0, 'acc-7', n * 1000000 FROM numbers`,
	`INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest) SELECT id, 0, 'hmac-sha256', 'p1', zeroblob(32) FROM api_keys`,
	`INSERT INTO api_key_counts (workspace_id, living) VALUES ('ws_1', 100000)`,
}

var postgresFill = []string{
	`INSERT INTO api_keys (id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), 'ws_1', 'Key ' || n, 'KEY ' || n, 1, '["payment:read","payment:write"]', '["192.168.1.0/24"]', false, 'acc-7', to_timestamp(n) FROM generate_series(1, 100000) n`,
	`INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest) SELECT id, 0, 'hmac-sha256', 'p1', decode(repeat('00', 32), 'hex') FROM api_keys`,
	`INSERT INTO api_key_counts (workspace_id, living) VALUES ('ws_1', 100000)`,
	`VACUUM ANALYZE`,
}

func sqliteFiles(testing.TB) func(testing.TB) string {
	return func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "apikeys.db") }
}

func durableServer(t testing.TB) func(testing.TB) string {
	return pgtest.Start(t, pgtest.WithDurability(), pgtest.OnDisk()).NewDatabase
}

func sqliteDSN(databaseURL string) string {
	parameters := url.Values{
		"_txlock":    {"immediate"},
		"_dqs":       {"false"},
		"_defensive": {"true"},
		"_pragma":    {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"},
	}
	return "file:" + databaseURL[len("sqlite://"):] + "?" + parameters.Encode()
}

// open returns a pool with as many connections as the store uses for writing.
func (e engine) open(t testing.TB, databaseURL string) *sql.DB {
	t.Helper()
	db, err := sql.Open(e.driver, e.dsn(databaseURL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	db.SetMaxOpenConns(e.writers)
	db.SetMaxIdleConns(e.writers)
	return db
}

// prepare prepares a query with ? placeholders.
func (e engine) prepare(t testing.TB, db *sql.DB, query string) *sql.Stmt {
	t.Helper()
	statement, err := db.PrepareContext(t.Context(), sqlx.Rebind(e.bind, query))
	if err != nil {
		t.Fatal(err)
	}
	return statement
}
