package postgres_test

import (
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit/sqlkittest"
	"github.com/slaunchx/apikeys/domain"
)

// withoutConstraints removes the constraints that keep damage out of the tables of
// keys.
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
	dsn := migrated(t)
	repo, change := openDSN(t, dsn), beside(t, dsn)
	change(t, withoutConstraints)
	sqlkittest.RunDamage(t, repo, sqlkittest.Damage{
		Keys: []sqlkittest.KeyDamage{
			{Name: "a name with a bidirectional control", Parts: domain.PartName, Set: `name = U&'invoice\202Efdp.exe'`},
			{Name: "an empty name", Parts: domain.PartName, Set: `name = ''`},
			{Name: "no name", Parts: domain.PartName, Set: `name = NULL`},
			{Name: "an unknown mode", Parts: domain.PartMode, Set: `mode = 3`},
			{Name: "no mode", Parts: domain.PartMode, Set: `mode = NULL`},
			{Name: "no scopes", Parts: domain.PartScopes, Set: `scopes = NULL`},
			{Name: "no whitelist", Parts: domain.PartIPWhitelist, Set: `ip_whitelist = NULL`},
			{Name: "no status", Parts: domain.PartStatus, Set: `disabled = NULL`},
			{Name: "an infinite expiry", Parts: domain.PartExpiresAt, Set: `expires_at = 'infinity'`},
			{Name: "an infinitely early expiry", Parts: domain.PartExpiresAt, Set: `expires_at = '-infinity'`},
			{Name: "rate limits that are null", Parts: domain.PartRateLimits, Set: `rate_limits = 'null'`},
			{Name: "a quota that is null in JSON", Parts: domain.PartQuota, Set: `quota = 'null'`},
			{Name: "no rate limit", Parts: domain.PartRateLimits, Set: `rate_limits = '[{}]'`},
			{Name: "a rate limit of a later build", Parts: domain.PartRateLimits, Set: `rate_limits = '[{"name":"a","limit":1,"window_seconds":1,"burst":1}]'`},
			{Name: "a rate limit twice", Parts: domain.PartRateLimits, Set: `rate_limits = '[{"name":"a","limit":1,"window_seconds":1},{"name":"a","limit":2,"window_seconds":1}]'`},
			{Name: "a quota of another period", Parts: domain.PartQuota, Set: `quota = '{"limit":1,"period":"WEEK"}'`},
			{Name: "an empty quota", Parts: domain.PartQuota, Set: `quota = '{}'`},
			{Name: "an expiry after the year 9999", Parts: domain.PartExpiresAt, Set: `expires_at = '10000-01-01 00:00:00+00'`},
			{Name: "an expiry before the year 0", Parts: domain.PartExpiresAt, Set: `expires_at = '0044-03-15 00:00:00+00 BC'`},
			{Name: "an expiry that is the zero time", Parts: domain.PartExpiresAt, Set: `expires_at = '0001-01-01 00:00:00+00'`},
			{Name: "no author", Parts: domain.PartCreatedBy, Set: `created_by = NULL`},
			{Name: "an infinite creation", Parts: domain.PartCreatedAt, Set: `created_at = 'infinity'`},
			{Name: "an infinite last use", Parts: domain.PartLastUsedAt, Set: `last_used_at = 'infinity'`},
			{
				Name:  "name, scopes, whitelist and expiry",
				Parts: domain.PartName | domain.PartScopes | domain.PartIPWhitelist | domain.PartExpiresAt,
				Set:   `name = chr(10), scopes = '{}', ip_whitelist = '"10.0.0.1"', expires_at = 'infinity'`,
			},
		},
		Lists: []string{`["no-scope-and-no-address"]`, `["payment:read", "10.0.0.0/8", ""]`, `[null]`, `[1]`, `[["::/0"]]`, `null`, `{}`},
		Secrets: map[string]string{
			"a digest that is cut short":  `digest = '\x00'`,
			"no digest":                   `digest = NULL`,
			"no pepper":                   `pepper_id = NULL`,
			"an infinite end of a secret": `valid_until = 'infinity'`,
		},
		Events: []sqlkittest.EventDamage{
			{Name: "no changes", Set: `changes = NULL`, Edit: sqlkittest.UnreadableChanges},
			{Name: "an author", Set: `account_id = NULL`, Edit: func(e *domain.Event) { e.By.AccountID = "" }},
			{Name: "a time", Set: `at = 'infinity'`, Edit: func(e *domain.Event) { e.At = time.Time{} }},
		},
	}, change.one)
}

func TestWebhooks_Damage(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	sqlkittest.RunWebhookDamage(t, openDSN(t, dsn), beside(t, dsn).one)
}

func TestWebhooks_ManyDeliveries(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	sqlkittest.RunManyDeliveries(t, repo, func(t testing.TB, statement string, args ...any) {
		exec(t, dsn, sqlx.Rebind(sqlx.DOLLAR, statement), args...)
	})
}

// change changes a database behind the back of the store, and returns how many rows it
// changed.
type change func(t testing.TB, statement string, args ...any) int64

// one changes one row.
func (c change) one(t testing.TB, statement string, args ...any) {
	t.Helper()
	if rows := c(t, sqlx.Rebind(sqlx.DOLLAR, statement), args...); rows != 1 {
		t.Fatalf("%d rows are changed, want 1", rows)
	}
}

// beside returns changes over connections that are kept until t ends.
func beside(t testing.TB, dsn string) change {
	t.Helper()
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return changeOver(db)
}

// exec makes one change over a connection of its own.
func exec(t testing.TB, dsn, statement string, args ...any) int64 {
	t.Helper()
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	return changeOver(db)(t, statement, args...)
}

func changeOver(db *sqlx.DB) change {
	return func(t testing.TB, statement string, args ...any) int64 {
		t.Helper()
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
}
