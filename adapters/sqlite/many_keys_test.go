//go:build !race || sqlitenorace

package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/ports/portstest"
)

// So many keys take minutes if the race detector also watches SQLite, which the
// Makefile prevents.

// fillMany creates keys of one workspace, 10,000 names, three keys of each instant,
// half of them TEST, a tenth disabled, a fifth expired.
const fillMany = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO api_keys (id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at)
SELECT printf('sk_live_%016d', n), 'ws', 'Key ' || (n * 7919 % 10000), 'KEY ' || (n * 7919 % 10000), 1 + n % 2, '[]', '[]', n % 10 = 0, 'acc',
1767225600000000 + n / 3 * 1000000, CASE WHEN n % 5 = 1 THEN 1769904000000000 END
FROM numbers`

// openMany stores that many keys. It makes the indexes of lists after the keys, which
// is faster.
func openMany(t testing.TB, keys int) *KeyRepository {
	t.Helper()
	repo := openMigrated(t)
	db := repo.writer
	var indexes []string
	if err := db.SelectContext(t.Context(), &indexes, `SELECT sql FROM sqlite_schema WHERE name IN ('api_keys_created_idx', 'api_keys_name_idx')`); err != nil || len(indexes) != 2 {
		t.Fatalf("the indexes of lists are %q, error %v", indexes, err)
	}
	db.MustExecContext(t.Context(), `PRAGMA synchronous = OFF; DROP INDEX api_keys_created_idx; DROP INDEX api_keys_name_idx`)
	db.MustExecContext(t.Context(), fillMany, keys)
	for _, index := range indexes {
		db.MustExecContext(t.Context(), index)
	}
	db.MustExecContext(t.Context(), `INSERT INTO api_key_counts VALUES ('ws', ?)`, keys)
	db.MustExecContext(t.Context(), `ANALYZE`)
	return repo
}

// Not parallel, because it is so much work that other tests would miss their deadlines.
func TestList_ReadsAnIndexRangeOfManyKeys(t *testing.T) {
	repo := openMany(t, 100_000)
	requirePagesByIndex(t, repo)
	var stats []string
	err := repo.reader.SelectContext(t.Context(), &stats, `SELECT idx || ': ' || stat FROM sqlite_stat1 WHERE tbl = 'api_keys' ORDER BY idx`)
	if diff := cmp.Diff(statsOfMany, stats); diff != "" || err != nil {
		t.Errorf("what SQLite knows of the keys, error %v:\n%s", err, diff)
	}
}

func BenchmarkMillionKeys(b *testing.B) {
	repo := openMany(b, 1_000_000)
	repo.writer.MustExecContext(b.Context(), `INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest)
SELECT id, 0, 'hmac-sha256', 'p1', zeroblob(32) FROM api_keys`)
	portstest.BenchmarkLists(b, repo, "ws")
}
