package postgres

import (
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// fill makes enough rows that the planner, which is left as it is, would read
// a whole table only for want of an index.
const fill = `WITH key AS (
INSERT INTO api_keys (id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), 'ws', 'name', 1, '[]', '[]', false, 'acc', now()
FROM generate_series(1, 5000) n RETURNING id
), secrets AS (
INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest)
SELECT id, 0, 'hmac-sha256', 'p1', decode(repeat('00', 32), 'hex') FROM key
)
INSERT INTO api_key_events (api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, request_id, changes)
SELECT id, now(), 'evt', 'ws', 'CREATED', 'acc', 'PARTNER', 'device', 'req', '[]' FROM key`

func TestQueries_areLookUpsByPrimaryKey(t *testing.T) {
	t.Parallel()
	repo, err := Open(t.Context(), pgtest.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	repo.pool.MustExecContext(t.Context(), fill)
	repo.pool.MustExecContext(t.Context(), `ANALYZE`)

	const id = "sk_live_0000000000000042"
	cases := map[string]struct {
		query string
		args  []any
		want  []string
	}{
		"find":   {sqlkit.FindKey, []any{id}, []string{"api_keys_pkey", "api_key_secrets_pkey"}},
		"get":    {sqlkit.GetKey, []any{id, "ws"}, []string{"api_keys_pkey", "api_key_secrets_pkey"}},
		"events": {sqlkit.ListEvents, []any{id, "ws"}, []string{"api_key_events_pkey"}},
		"made":   {findEvent, []any{id, "2026-03-21T00:00:00Z", "evt"}, []string{"api_key_events_pkey"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var lines []string
			query := repo.pool.Rebind("EXPLAIN (COSTS OFF) " + c.query)
			if err := repo.pool.SelectContext(t.Context(), &lines, query, c.args...); err != nil {
				t.Fatal(err)
			}
			plan := strings.Join(lines, "\n")
			if strings.Contains(plan, "Seq Scan") {
				t.Errorf("a whole table is read:\n%s", plan)
			}
			for _, index := range c.want {
				if !strings.Contains(plan, index) {
					t.Errorf("%s is not used:\n%s", index, plan)
				}
			}
		})
	}
}
