package postgres_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// withoutConstraints lifts what keeps damage out of the tables of keys.
const withoutConstraints = `DO $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT conrelid::regclass AS tab, conname FROM pg_constraint
    WHERE contype = 'c' AND conrelid IN ('api_keys'::regclass, 'api_key_secrets'::regclass, 'api_key_events'::regclass) LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.tab, it.conname);
    END LOOP;
    FOR it IN SELECT attrelid::regclass AS tab, attname FROM pg_attribute a
    WHERE attnum > 0 AND attnotnull AND attrelid IN ('api_keys'::regclass, 'api_key_secrets'::regclass, 'api_key_events'::regclass)
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = a.attrelid AND contype = 'p' AND a.attnum = ANY (c.conkey)) LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', it.tab, it.attname);
    END LOOP;
    ALTER TABLE api_key_events DISABLE TRIGGER api_key_events_append_only;
END
$$`

func TestKeyRepository_Damage(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	repo := openDSN(t, dsn)
	exec(t, dsn, withoutConstraints)
	var keys []portstest.KeyDamage
	for _, c := range []struct {
		name  string
		parts domain.Parts
		set   string
	}{
		{"a name with a bidirectional control", domain.PartName, `name = U&'invoice\202Efdp.exe'`},
		{"an empty name", domain.PartName, `name = ''`},
		{"no name", domain.PartName, `name = NULL`},
		{"an unknown mode", domain.PartMode, `mode = 3`},
		{"no mode", domain.PartMode, `mode = NULL`},
		{"no scopes", domain.PartScopes, `scopes = NULL`},
		{"no whitelist", domain.PartIPWhitelist, `ip_whitelist = NULL`},
		{"no status", domain.PartStatus, `disabled = NULL`},
		{"an infinite expiry", domain.PartExpiresAt, `expires_at = 'infinity'`},
		{"an infinitely early expiry", domain.PartExpiresAt, `expires_at = '-infinity'`},
		{"an expiry after the year 9999", domain.PartExpiresAt, `expires_at = '10000-01-01 00:00:00+00'`},
		{"an expiry before the year 0", domain.PartExpiresAt, `expires_at = '0044-03-15 00:00:00+00 BC'`},
		{"an expiry that is the zero time", domain.PartExpiresAt, `expires_at = '0001-01-01 00:00:00+00'`},
		{"no author", domain.PartCreatedBy, `created_by = NULL`},
		{"an infinite creation", domain.PartCreatedAt, `created_at = 'infinity'`},
		{"an infinite last use", domain.PartLastUsedAt, `last_used_at = 'infinity'`},
		{
			"name, scopes, whitelist and expiry", domain.PartName | domain.PartScopes | domain.PartIPWhitelist | domain.PartExpiresAt,
			`name = chr(10), scopes = '{}', ip_whitelist = '"10.0.0.1"', expires_at = 'infinity'`,
		},
	} {
		keys = append(keys, portstest.KeyDamage{Name: c.name, Parts: c.parts, Apply: func(t testing.TB, id domain.KeyID) {
			damage(t, dsn, `UPDATE api_keys SET `+c.set+` WHERE id = $1`, string(id))
		}})
	}
	for _, list := range []string{`["no-scope-and-no-address"]`, `["payment:read", "10.0.0.0/8", ""]`, `[null]`, `[1]`, `[["::/0"]]`, `null`, `{}`} {
		keys = append(keys,
			portstest.KeyDamage{Name: "scopes " + list, Parts: domain.PartScopes, Apply: func(t testing.TB, id domain.KeyID) {
				damage(t, dsn, `UPDATE api_keys SET scopes = $1 WHERE id = $2`, list, string(id))
			}},
			portstest.KeyDamage{Name: "whitelist " + list, Parts: domain.PartIPWhitelist, Apply: func(t testing.TB, id domain.KeyID) {
				damage(t, dsn, `UPDATE api_keys SET ip_whitelist = $1 WHERE id = $2`, list, string(id))
			}})
	}
	for name, set := range map[string]string{
		"a digest that is cut short":  `digest = '\x00'`,
		"no digest":                   `digest = NULL`,
		"no pepper":                   `pepper_id = NULL`,
		"an infinite end of a secret": `valid_until = 'infinity'`,
	} {
		keys = append(keys, portstest.KeyDamage{Name: name, Parts: domain.PartSecrets, Apply: func(t testing.TB, id domain.KeyID) {
			damage(t, dsn, `UPDATE api_key_secrets SET `+set+` WHERE api_key_id = $1`, string(id))
		}})
	}
	var events []portstest.EventDamage
	for _, c := range []struct {
		name, set string
		edit      func(*domain.Event)
	}{
		{"an address", `ip = '203.0.113.999'`, func(e *domain.Event) { e.By.IP = netip.Addr{} }},
		{"changes that are no list", `changes = '{}'`, func(e *domain.Event) { e.Changes = []domain.Change{{Field: domain.Unreadable}} }},
		{"no changes", `changes = NULL`, func(e *domain.Event) { e.Changes = []domain.Change{{Field: domain.Unreadable}} }},
		{"one change", `changes = '[{"field":"name","new":"k"},1,{"field":"mode","new":1}]'`, func(e *domain.Event) {
			e.Changes = []domain.Change{{Field: "name", New: "k"}, {Field: domain.Unreadable}, {Field: "mode", New: domain.Unreadable}}
		}},
		{"an author", `account_id = NULL`, func(e *domain.Event) { e.By.AccountID = "" }},
		{"a time", `at = 'infinity'`, func(e *domain.Event) { e.At = time.Time{} }},
	} {
		events = append(events, portstest.EventDamage{Name: c.name, Edit: c.edit, Apply: func(t testing.TB, id domain.KeyID) {
			damage(t, dsn, `UPDATE api_key_events SET `+c.set+` WHERE api_key_id = $1`, string(id))
		}})
	}
	portstest.RunKeyRepositoryDamage(t, repo, keys, events)
}

// damage changes one row behind the back of the store.
func damage(t testing.TB, dsn, statement string, args ...any) {
	t.Helper()
	if rows := exec(t, dsn, statement, args...); rows != 1 {
		t.Fatalf("%d rows are damaged, want 1", rows)
	}
}

// exec changes the database behind the back of the store and returns how many
// rows it changed.
func exec(t testing.TB, dsn, statement string, args ...any) int64 {
	t.Helper()
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	done, err := db.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := done.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
