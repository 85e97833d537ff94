package postgres

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// manyKeys is so large that the planner reads a whole table only if there is no index.
const manyKeys = 5000

// fill creates that many keys, each with a secret and an event.
func fill(keys int) string {
	return `WITH key AS (
INSERT INTO api_keys (id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), 'ws', 'name', 1, '[]', '[]', false, 'acc', now()
FROM generate_series(1, ` + strconv.Itoa(keys) + `) n RETURNING id
), secrets AS (
INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest)
SELECT id, 0, 'hmac-sha256', 'p1', decode(repeat('00', 32), 'hex') FROM key
)
INSERT INTO api_key_events (api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, request_id, changes)
SELECT id, now(), 'evt', 'ws', 'CREATED', 'acc', 'PARTNER', 'device', 'req', '[]' FROM key`
}

// The planner may know how many rows there are, know nothing, as before the first
// autovacuum, or believe that there are few. Prepared statements keep the plan of that
// time while the table grows.
func TestQueries_AreLookUpsByIndex(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		keys      int
		statement string
	}{
		"counted":                       {manyKeys, `ANALYZE`},
		"not counted":                   {manyKeys, `SELECT`},
		"counted when they were few":    {2, `ANALYZE`},
		"counted before there were any": {0, `ANALYZE`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := openMigrated(t, migrated(t))
			repo.maintenance.MustExecContext(t.Context(), fill(c.keys))
			repo.maintenance.MustExecContext(t.Context(), c.statement)
			requireLookUps(t, repo)
		})
	}
}

func requireLookUps(t *testing.T, repo *KeyRepository) {
	t.Helper()
	const id = "sk_live_0000000000000042"
	cases := map[string]struct {
		query string
		args  []any
		want  []string
	}{
		"find":          {sqlkit.FindKey, []any{id}, []string{"api_keys_pkey", "api_key_secrets_pkey"}},
		"ever":          {sqlkit.FindEverKey, []any{id}, []string{"api_keys_pkey", "api_key_secrets_pkey"}},
		"get":           {sqlkit.GetKey, []any{id, "ws"}, []string{"api_keys_pkey", "api_key_secrets_pkey"}},
		"events":        {sqlkit.ListEvents, sqlkit.ListEventsArgs("ws", id, domain.Page{}), []string{"Index Only Scan using api_key_events_page_idx", "Index Scan Backward using api_key_events_page_idx"}},
		"event":         {findEvent, []any{id, "2026-03-21T00:00:00Z", "evt"}, []string{"api_key_events_p"}}, // either index begins with the key
		"lock":          {lockKey, []any{id, "ws"}, []string{"api_keys_pkey"}},
		"locked":        {readLocked, []any{id, "ws"}, []string{"api_keys_pkey", "api_key_secrets_pkey"}},
		"use":           {recordUse, someUse(id), []string{"api_keys_pkey"}},
		"usage":         {findUsage, codec.FindUsageArgs(ports.UsageQuery{KeyID: id, Days: domain.LastDays(time.Now())}), []string{"api_key_usage_pkey", "api_key_scope_uses_pkey", "api_key_grace_uses_pkey"}},
		"has foreign":   {sqlkit.HasForeign, []any{[]byte{}}, []string{"api_key_secrets_foreign_idx"}},
		"find foreign":  {findForeign, []any{pq.ByteaArray{[]byte("1"), []byte("2")}}, []string{"api_key_secrets_foreign_idx", "api_keys_pkey"}},
		"workspaces of": {workspacesOf, []any{pq.StringArray{id}}, []string{"api_keys_pkey"}},
		"rehash": {rehash, []any{
			pq.StringArray{id},
			pq.StringArray{"hmac-sha256"},
			pq.StringArray{"p1"},
			pq.ByteaArray{nil},
			pq.StringArray{"hmac-sha256"},
			pq.StringArray{"p2"},
			pq.ByteaArray{nil},
		}, []string{"api_key_secrets_pkey"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { requireIndexes(t, repo, c.query, c.args, c.want...) })
	}
}

func someUse(id domain.KeyID) []any {
	at := time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)
	return recordUseArgs(ports.UsageBatch{
		LastUsed: map[domain.KeyID]time.Time{id: at},
		Scopes:   map[ports.ScopeOfKey]time.Time{{KeyID: id, Scope: "payment:read"}: at},
		Previous: map[ports.PreviousSecret]time.Time{{KeyID: id, ValidUntil: at}: at},
		Checks:   map[ports.CheckCount]int64{{KeyID: id, Verdict: domain.VerdictOK}: 1},
	})
}

// The planner may have statistics of any distribution of transaction IDs: each event
// has its own, or all have the same one because they were restored from a dump.
func TestPoll_ReadsByIndexWhateverTheIDs(t *testing.T) {
	t.Parallel()
	spreads := map[string]string{
		"an id for each event":   `UPDATE api_key_events SET txid = ltrim(right(api_key_id, 16), '0')::xid8`,
		"one id for all events":  `UPDATE api_key_events SET txid = '50'`,
		"one ID from the future": `UPDATE api_key_events SET txid = '1000000000'`,
	}
	// Shared, because the keys take longer to create than all cases.
	repo := openMigrated(t, migrated(t))
	repo.maintenance.MustExecContext(t.Context(), fill(manyKeys))
	repo.maintenance.MustExecContext(t.Context(), letEventsChange)
	for name, spread := range spreads {
		t.Run(name, func(t *testing.T) {
			repo.maintenance.MustExecContext(t.Context(), `VACUUM`) // so that the table does not grow from case to case
			repo.maintenance.MustExecContext(t.Context(), spread)
			repo.maintenance.MustExecContext(t.Context(), `ANALYZE`)
			const last = "6000:6002:6000"
			args := []any{last, last, maxTold + 1, last, maxTold + 1, maxTold + 1}
			requireIndexes(t, repo, pollChanges, args, "api_key_events_txid_idx")
		})
	}
}

func requireIndexes(t *testing.T, repo *KeyRepository, query string, args []any, indexes ...string) {
	t.Helper()
	var lines []string
	if err := repo.pool.SelectContext(t.Context(), &lines, repo.pool.Rebind("EXPLAIN (COSTS OFF) "+query), args...); err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	if strings.Contains(plan, "Seq Scan") {
		t.Errorf("a whole table is read:\n%s", plan)
	}
	for _, index := range indexes {
		if !strings.Contains(plan, index) {
			t.Errorf("%s is not used:\n%s", index, plan)
		}
	}
}
