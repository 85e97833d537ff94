package sqlite_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit/sqlkittest"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/domain"
)

func TestKeyRepository_Damage(t *testing.T) {
	t.Parallel()
	path := sqlite.Migrated(t)
	repo := openFile(t, path)
	exec(t, path, `DROP TRIGGER api_key_events_no_update`)
	sqlkittest.RunDamage(t, repo, sqlkittest.Damage{
		Keys: []sqlkittest.KeyDamage{
			{Name: "a name with a bidirectional control", Parts: domain.PartName, Set: `name = 'invoice' || char(0x202e) || 'fdp.exe'`},
			{Name: "an empty name", Parts: domain.PartName, Set: `name = ''`},
			{Name: "a name that is not UTF-8", Parts: domain.PartName, Set: `name = CAST(x'fffe' AS TEXT)`},
			{Name: "an unknown mode", Parts: domain.PartMode, Set: `mode = 3`},
			{Name: "an unknown status", Parts: domain.PartStatus, Set: `disabled = 2`},
			{Name: "a negative status", Parts: domain.PartStatus, Set: `disabled = -1`},
			{Name: "no rate limit", Parts: domain.PartRateLimits, Set: `rate_limits = '[{}]'`},
			{Name: "a rate limit of a later build", Parts: domain.PartRateLimits, Set: `rate_limits = '[{"name":"a","limit":1,"window_seconds":1,"burst":1}]'`},
			{Name: "a rate limit twice", Parts: domain.PartRateLimits, Set: `rate_limits = '[{"name":"a","limit":1,"window_seconds":1},{"name":"a","limit":2,"window_seconds":1}]'`},
			{Name: "a quota of another period", Parts: domain.PartQuota, Set: `quota = '{"limit":1,"period":"WEEK"}'`},
			{Name: "an empty quota", Parts: domain.PartQuota, Set: `quota = '{}'`},
			{Name: "an expiry after the year 9999", Parts: domain.PartExpiresAt, Set: `expires_at = 9000000000000000000`},
			{Name: "an expiry before the year 0", Parts: domain.PartExpiresAt, Set: `expires_at = -9000000000000000000`},
			{Name: "an expiry that is the zero time", Parts: domain.PartExpiresAt, Set: `expires_at = -62135596800000000`},
			{Name: "an author that is not UTF-8", Parts: domain.PartCreatedBy, Set: `created_by = CAST(x'fffe' AS TEXT)`},
			{Name: "a creation after the year 9999", Parts: domain.PartCreatedAt, Set: `created_at = 9000000000000000000`},
			{Name: "a last use after the year 9999", Parts: domain.PartLastUsedAt, Set: `last_used_at = 9000000000000000000`},
			{
				Name:  "name, scopes, whitelist and expiry",
				Parts: domain.PartName | domain.PartScopes | domain.PartIPWhitelist | domain.PartExpiresAt,
				Set:   `name = char(10), scopes = '{}', ip_whitelist = 'nonsense', expires_at = 9000000000000000000`,
			},
		},
		Lists: []string{`["no-scope-and-no-address"]`, `["payment:read", "10.0.0.0/8", ""]`, `[null]`, `[1]`, `[["::/0"]]`, `null`, `{}`, ``},
		Secrets: map[string]string{
			"a digest that is cut short":             `digest = x'00'`,
			"an end of a secret after the year 9999": `valid_until = 9000000000000000000`,
		},
		Events: []sqlkittest.EventDamage{
			{Name: "changes that are no JSON", Set: `changes = '['`, Edit: sqlkittest.UnreadableChanges},
			{Name: "an author", Set: `account_id = CAST(x'41ff' AS TEXT)`, Edit: func(e *domain.Event) { e.By.AccountID = "A\uFFFD" }},
		},
	}, damaging(t, path))
}

func TestWebhooks_Damage(t *testing.T) {
	t.Parallel()
	path := sqlite.Migrated(t)
	sqlkittest.RunWebhookDamage(t, openFile(t, path), damaging(t, path))
}

func TestWebhooks_ManyDeliveries(t *testing.T) {
	t.Parallel()
	path := sqlite.Migrated(t)
	repo := openFile(t, path)
	sqlkittest.RunManyDeliveries(t, repo, func(t testing.TB, statement string, args ...any) {
		exec(t, path, statement, args...)
	})
}

// damaging returns a function that changes one row behind the back of the store and its
// own checks.
func damaging(t testing.TB, path string) func(t testing.TB, statement string, args ...any) {
	t.Helper()
	db, err := sqlx.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(30000)&_pragma=ignore_check_constraints(ON)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return func(t testing.TB, statement string, args ...any) {
		t.Helper()
		done, err := db.ExecContext(t.Context(), statement, args...)
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := done.RowsAffected(); err != nil || rows != 1 {
			t.Fatalf("%d rows are damaged, want 1; error %v", rows, err)
		}
	}
}
