package sqlite

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/adapters/internal/sqlkit/sqlkittest"
	"github.com/slaunchx/apikeys/domain"
)

// fillVersion1 creates 30 living keys in one workspace, and one living and one deleted
// key in another.
const fillVersion1 = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 32)
INSERT INTO api_keys (id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at, deleted_at)
SELECT printf('sk_live_%016d', n), CASE WHEN n <= 30 THEN 'ws_a' ELSE 'ws_b' END,
'Key ' || n, 1, '[]', '[]', 0, 'acc', 0, CASE WHEN n = 31 THEN 0 END
FROM numbers;
INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest)
SELECT id, 0, 'hmac-sha256', 'p1', zeroblob(32) FROM api_keys`

func TestMigrate_BringsExistingRowsUpToDate(t *testing.T) {
	t.Parallel()
	repo, provider := openUnmigrated(t)
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	repo.writer.MustExecContext(t.Context(), fillVersion1)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	requireCounted(t, repo)

	if _, err := provider.DownTo(t.Context(), 1); err != nil {
		t.Fatalf("down: %v", err)
	}
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatalf("and up again: %v", err)
	}
	requireCounted(t, repo)
}

// An older build has written to the schema of 00002, whose triggers are not
// there yet: half of the names are not folded, half as others were, and the
// counts are wrong.
func TestMigrate_RepairsWhatAnOlderBuildLeft(t *testing.T) {
	t.Parallel()
	repo, provider := openUnmigrated(t)
	if _, err := provider.UpTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	repo.writer.MustExecContext(t.Context(), fillVersion1+`;
UPDATE api_keys SET name = 'Ключ key' WHERE id = 'sk_live_0000000000000006';
UPDATE api_keys SET name_folded = CASE WHEN length(name) = 6 THEN 'OTHERN' ELSE 'OTHER' END WHERE substr(id, -1) < '5';
INSERT INTO api_key_counts VALUES ('ws_b', 7), ('ws_none', 3)`)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	requireCounted(t, repo)
}

func openUnmigrated(t *testing.T) (*KeyRepository, *goose.Provider) {
	t.Helper()
	repo, err := Open(t.Context(), filepath.Join(t.TempDir(), "keys.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, repo.writer.DB, folder, goose.WithTableName(sqlkit.VersionTable))
	if err != nil {
		t.Fatal(err)
	}
	return repo, provider
}

// requireCounted fails the test unless the keys of fillVersion1 are counted and
// their names folded.
func requireCounted(t *testing.T, repo *KeyRepository) {
	t.Helper()
	sqlkittest.RequireCounts(t, repo, map[domain.WorkspaceID]int64{"ws_a": 30, "ws_b": 1, "ws_none": 0})
}

func TestMigrate_KeepsDeliveries(t *testing.T) {
	t.Parallel()
	repo, provider := openUnmigrated(t)
	if _, err := provider.UpTo(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	repo.writer.MustExecContext(t.Context(), `INSERT INTO api_key_deliveries
(webhook_id, id, type, api_key_id, body, status, attempts, created_at, last_attempt_at, last_status, due_at, leased_until, claim) VALUES
('wh_b', 'dlv_3', 'key.created', 'sk_1', '{"a":1}', 'PENDING', 1, 2, 3, 500, 4, 5, 6),
('wh_a', 'dlv_2', 'key.updated', 'sk_2', '{"a":2}', 'DELIVERED', 7, 8, 9, 204, NULL, NULL, 10),
('wh_a', 'dlv_1', 'webhook.test', NULL, '{"a":3}', 'FAILED', 11, 12, 13, 0, NULL, NULL, 14),
('wh_a', 'dlv_4', 'key.deleted', 'sk_3', '{"a":4}', 'DROPPED', 0, 15, NULL, 0, NULL, NULL, 0)`)
	before := storedDeliveries(t, repo)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, storedDeliveries(t, repo)); diff != "" || len(before) != 4 {
		t.Errorf("%d deliveries changed (-before +after):\n%s", len(before), diff)
	}
	if _, err := repo.writer.ExecContext(t.Context(), `UPDATE api_key_deliveries SET status = 'SENT'`); err == nil {
		t.Error("a delivery has a status that does not exist")
	}
}

// storedDeliveries returns all deliveries in the order in which they were stored.
func storedDeliveries(t *testing.T, repo *KeyRepository) (all []map[string]any) {
	t.Helper()
	rows, err := repo.writer.QueryxContext(t.Context(), `SELECT * FROM api_key_deliveries ORDER BY rowid`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		row := map[string]any{}
		if err := rows.MapScan(row); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
