package sqlite_test

import (
	"net/netip"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
)

func TestKeyRepository_Damage(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	repo := openFile(t, path)
	exec(t, path, `DROP TRIGGER api_key_events_no_update`)
	var keys []portstest.KeyDamage
	for _, c := range []struct {
		name  string
		parts domain.Parts
		set   string
	}{
		{"a name with a bidirectional control", domain.PartName, `name = 'invoice' || char(0x202e) || 'fdp.exe'`},
		{"an empty name", domain.PartName, `name = ''`},
		{"a name that is not UTF-8", domain.PartName, `name = CAST(x'fffe' AS TEXT)`},
		{"an unknown mode", domain.PartMode, `mode = 3`},
		{"an unknown status", domain.PartStatus, `disabled = 2`},
		{"a negative status", domain.PartStatus, `disabled = -1`},
		{"an expiry after the year 9999", domain.PartExpiresAt, `expires_at = 9000000000000000000`},
		{"an expiry before the year 0", domain.PartExpiresAt, `expires_at = -9000000000000000000`},
		{"an expiry that is the zero time", domain.PartExpiresAt, `expires_at = -62135596800000000`},
		{"an author that is not UTF-8", domain.PartCreatedBy, `created_by = CAST(x'fffe' AS TEXT)`},
		{"a creation after the year 9999", domain.PartCreatedAt, `created_at = 9000000000000000000`},
		{"a last use after the year 9999", domain.PartLastUsedAt, `last_used_at = 9000000000000000000`},
		{
			"name, scopes, whitelist and expiry", domain.PartName | domain.PartScopes | domain.PartIPWhitelist | domain.PartExpiresAt,
			`name = char(10), scopes = '{}', ip_whitelist = 'nonsense', expires_at = 9000000000000000000`,
		},
	} {
		keys = append(keys, portstest.KeyDamage{Name: c.name, Parts: c.parts, Apply: func(t testing.TB, id domain.KeyID) {
			damage(t, path, `UPDATE api_keys SET `+c.set+` WHERE id = ?`, string(id))
		}})
	}
	for _, list := range []string{`["no-scope-and-no-address"]`, `["payment:read", "10.0.0.0/8", ""]`, `[null]`, `[1]`, `[["::/0"]]`, `null`, `{}`, ``} {
		keys = append(keys,
			portstest.KeyDamage{Name: "scopes " + list, Parts: domain.PartScopes, Apply: func(t testing.TB, id domain.KeyID) {
				damage(t, path, `UPDATE api_keys SET scopes = ? WHERE id = ?`, list, string(id))
			}},
			portstest.KeyDamage{Name: "whitelist " + list, Parts: domain.PartIPWhitelist, Apply: func(t testing.TB, id domain.KeyID) {
				damage(t, path, `UPDATE api_keys SET ip_whitelist = ? WHERE id = ?`, list, string(id))
			}})
	}
	for name, set := range map[string]string{
		"a digest that is cut short":                 `digest = x'00'`,
		"an end of a secret that is after year 9999": `valid_until = 9000000000000000000`,
	} {
		keys = append(keys, portstest.KeyDamage{Name: name, Parts: domain.PartSecrets, Apply: func(t testing.TB, id domain.KeyID) {
			damage(t, path, `UPDATE api_key_secrets SET `+set+` WHERE api_key_id = ?`, string(id))
		}})
	}
	var events []portstest.EventDamage
	for _, c := range []struct {
		name, set string
		edit      func(*domain.Event)
	}{
		{"an address", `ip = '203.0.113.999'`, func(e *domain.Event) { e.By.IP = netip.Addr{} }},
		{"changes that are no list", `changes = '{}'`, func(e *domain.Event) { e.Changes = []domain.Change{{Field: domain.Unreadable}} }},
		{"changes that are no JSON", `changes = '['`, func(e *domain.Event) { e.Changes = []domain.Change{{Field: domain.Unreadable}} }},
		{"one change", `changes = '[{"field":"name","new":"k"},1,{"field":"mode","new":1}]'`, func(e *domain.Event) {
			e.Changes = []domain.Change{{Field: "name", New: "k"}, {Field: domain.Unreadable}, {Field: "mode", New: domain.Unreadable}}
		}},
		{"an author", `account_id = CAST(x'41ff' AS TEXT)`, func(e *domain.Event) { e.By.AccountID = "A\uFFFD" }},
	} {
		events = append(events, portstest.EventDamage{Name: c.name, Edit: c.edit, Apply: func(t testing.TB, id domain.KeyID) {
			damage(t, path, `UPDATE api_key_events SET `+c.set+` WHERE api_key_id = ?`, string(id))
		}})
	}
	portstest.RunKeyRepositoryDamage(t, repo, keys, events)
}

// damage changes the database behind the back of the store and its own checks.
func damage(t testing.TB, path, statement string, args ...any) {
	t.Helper()
	db, err := sqlx.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(30000)&_pragma=ignore_check_constraints(ON)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	done, err := db.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := done.RowsAffected(); err != nil || rows != 1 {
		t.Fatalf("%d rows are damaged, want 1; error %v", rows, err)
	}
}
