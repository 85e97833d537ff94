package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
)

// fillMany creates keys of one workspace, 10,000 names, three keys of each instant,
// half of them TEST, a tenth disabled, a fifth expired.
const fillMany = `INSERT INTO api_keys (id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), 'ws', 'Key ' || n * 7919::bigint % 10000, 'KEY ' || n * 7919::bigint % 10000, 1 + n % 2, '[]', '[]', n % 10 = 0, 'acc',
'2026-01-01T00:00:00Z'::timestamptz + n / 3 * interval '1 second', CASE WHEN n % 5 = 1 THEN '2026-02-01T00:00:00Z'::timestamptz END
FROM generate_series(1, $1) n`

// openMany stores that many keys, of which the first withSecrets have a secret. It
// makes the indexes of lists after the keys, which is faster.
func openMany(t testing.TB, keys, withSecrets int) *KeyRepository {
	t.Helper()
	repo := openMigrated(t, migrated(t))
	db := repo.maintenance
	var indexes []string
	if err := db.SelectContext(t.Context(), &indexes, `SELECT indexdef FROM pg_indexes WHERE indexname IN ('api_keys_created_idx', 'api_keys_name_idx')`); err != nil || len(indexes) != 2 {
		t.Fatalf("the indexes of lists are %q, error %v", indexes, err)
	}
	db.MustExecContext(t.Context(), `DROP INDEX api_keys_created_idx, api_keys_name_idx`)
	db.MustExecContext(t.Context(), fillMany, keys)
	for _, index := range indexes {
		db.MustExecContext(t.Context(), index)
	}
	db.MustExecContext(t.Context(), `INSERT INTO api_key_counts VALUES ('ws', $1)`, keys)
	db.MustExecContext(t.Context(), `INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), 0, 'hmac-sha256', 'p1', decode(repeat('00', 32), 'hex') FROM generate_series(1, $1) n`, withSecrets)
	db.MustExecContext(t.Context(), `VACUUM ANALYZE`)
	return repo
}

// The planner may know the arguments, or plan for any arguments, as for a prepared
// statement that was used several times. Not parallel, because it is so much work that
// other tests would miss their deadlines.
func TestList_ReadsAnIndexRangeOfManyKeys(t *testing.T) {
	repo := openMany(t, 100_000, 50_000)
	conn, err := repo.maintenance.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	scans := map[domain.Order]string{
		{By: domain.ByCreatedAt, Ascending: true}: "Index Only Scan using api_keys_created_idx",
		{By: domain.ByCreatedAt}:                  "Index Only Scan Backward using api_keys_created_idx",
		{By: domain.ByName, Ascending: true}:      "Index Only Scan using api_keys_name_idx",
		{By: domain.ByName}:                       "Index Only Scan Backward using api_keys_name_idx",
	}
	for order, scan := range scans {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			list := codec.KeyList(dialect, "ws", domain.KeyFilter{Mode: domain.ModeTest}, order, domain.Page{})
			values := make([]string, len(list.Args))
			for i, arg := range list.Args {
				values[i] = fmt.Sprintf("'%v'", arg)
			}
			var lines []string
			for _, statement := range []string{
				`DEALLOCATE ALL`,
				`SET plan_cache_mode = ` + mode,
				`PREPARE list AS ` + repo.pool.Rebind(list.Query),
			} {
				if _, err := conn.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			if err := conn.SelectContext(t.Context(), &lines, `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE list (`+strings.Join(values, ",")+`)`); err != nil {
				t.Fatal(err)
			}
			requirePageByIndex(t, lines, scan)
		}
	}
}

// requirePageByIndex fails the test unless the plan below the limit is only that scan,
// which ends with the page.
func requirePageByIndex(t *testing.T, plan []string, scan string) {
	t.Helper()
	i := slices.IndexFunc(plan, func(line string) bool { return strings.Contains(line, scan) })
	if i < 1 || !strings.Contains(plan[i-1], "Limit (") || !strings.Contains(plan[i], "(actual rows=20 ") {
		t.Errorf("the page is not cut out by %s:\n%s", scan, strings.Join(plan, "\n"))
	}
	if all := strings.Join(plan, "\n"); strings.Contains(all, "Seq Scan on api_keys k\n") || strings.Contains(all, "Seq Scan on api_key_secrets") {
		t.Errorf("more is read than the page:\n%s", all)
	}
}

func BenchmarkMillionKeys(b *testing.B) {
	repo := openMany(b, 1_000_000, 1_000_000)
	portstest.BenchmarkLists(b, repo, "ws")
}
