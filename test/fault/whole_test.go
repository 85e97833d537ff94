package fault

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"
)

// openDatabase opens a database without the service.
func openDatabase(t *testing.T, databaseURL string) *sql.DB {
	t.Helper()
	driver, source := "postgres", databaseURL
	if path, ok := strings.CutPrefix(databaseURL, "sqlite://"); ok {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// halves are queries, on either store, that count traces of changes that were
// made in part.
var halves = map[string]string{
	"keys without their creation event": `SELECT count(*) FROM api_keys k
WHERE NOT EXISTS (SELECT 1 FROM api_key_events e WHERE e.api_key_id = k.id AND e.type = 'CREATED')`,
	"events without a key": `SELECT count(*) FROM api_key_events e
WHERE NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.id = e.api_key_id)`,
	"secrets without a key": `SELECT count(*) FROM api_key_secrets s
WHERE NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.id = s.api_key_id)`,
	"keys without exactly one secret": `SELECT count(*) FROM api_keys k
WHERE (SELECT count(*) FROM api_key_secrets s WHERE s.api_key_id = k.id) <> 1`,
	"keys deleted without an event, or the reverse": `SELECT count(*) FROM api_keys k
WHERE (k.deleted_at IS NOT NULL) <> EXISTS (SELECT 1 FROM api_key_events e WHERE e.api_key_id = k.id AND e.type = 'DELETED')`,
	"counts that differ from the number of living keys": `SELECT count(*) FROM api_key_counts c
WHERE c.living <> (SELECT count(*) FROM api_keys k WHERE k.workspace_id = c.workspace_id AND k.deleted_at IS NULL)`,
	"workspaces without a count": `SELECT count(*) FROM api_keys k
WHERE NOT EXISTS (SELECT 1 FROM api_key_counts c WHERE c.workspace_id = k.workspace_id)`,
	"keys whose name is not folded": `SELECT count(*) FROM api_keys WHERE name_folded <> upper(name)`,
}

// repeats are queries that count changes that the owners did not make: they
// make each kind of change once per key, with an idempotency key except for
// keys named "k". Idempotency keys of webhooks begin with "webhook-".
var repeats = map[string]string{
	"keys disabled without an event, or the reverse": `SELECT count(*) FROM api_keys k
WHERE k.disabled <> EXISTS (SELECT 1 FROM api_key_events e WHERE e.api_key_id = k.id AND e.type = 'DISABLED')`,
	"more or fewer idempotency keys than changes": `SELECT abs((SELECT count(*) FROM idempotency_keys WHERE key NOT LIKE 'webhook-%') -
(SELECT count(*) FROM api_key_events e JOIN api_keys k ON k.id = e.api_key_id WHERE k.name <> 'k'))`,
	"names of more than one key": `SELECT count(*) FROM (SELECT name FROM api_keys WHERE name <> 'k' GROUP BY name HAVING count(*) > 1) AS twice`,
	"changes made twice": `SELECT count(*) FROM
(SELECT api_key_id FROM api_key_events GROUP BY api_key_id, type HAVING count(*) > 1) AS twice`,
}

// mustBeSound checks that no change was made in part.
func mustBeSound(t *testing.T, db *sql.DB) { mustCountNone(t, db, halves) }

// mustBeWhole also checks that there are no other changes than the owners'.
func mustBeWhole(t *testing.T, db *sql.DB) {
	t.Helper()
	mustCountNone(t, db, halves)
	mustCountNone(t, db, repeats)
}

func mustCountNone(t *testing.T, db *sql.DB, queries map[string]string) {
	t.Helper()
	for what, query := range queries {
		if n := count(t, db, query); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}

// mustHold checks that the database has exactly the acknowledged changes of the
// owners' keys.
func (all owners) mustHold(t *testing.T, db *sql.DB) {
	t.Helper()
	n := count(t, db, `SELECT count(*) FROM api_key_events e JOIN api_keys k ON k.id = e.api_key_id WHERE k.name LIKE 'key-%'`)
	if n != all.acknowledged() {
		t.Errorf("%d changes are stored, %d were acknowledged", n, all.acknowledged())
	}
}
