package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/adapters/internal/sqlkit/sqlkittest"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// fillVersion1 creates 4,000 living keys in one workspace, more than are folded at a
// time, and one living and one deleted key in another.
const fillVersion1 = `INSERT INTO api_keys (id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at, deleted_at)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), CASE WHEN n <= 4000 THEN 'ws_a' ELSE 'ws_b' END,
'Key ' || n, 1, '[]', '[]', false, 'acc', now(), CASE WHEN n = 4001 THEN now() END
FROM generate_series(1, 4002) n;
INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest)
SELECT id, 0, 'hmac-sha256', 'p1', decode(repeat('00', 32), 'hex') FROM api_keys`

func TestMigrate_BringsExistingRowsUpToDate(t *testing.T) {
	t.Parallel()
	repo, provider := openVersion1(t)
	aside(t, repo).MustExecContext(t.Context(), fillVersion1)
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

// A migration that is not one transaction may have stopped half-way: here it
// was completed but not recorded, and an index is invalid.
func TestMigrate_ContinuesWhereItStopped(t *testing.T) {
	t.Parallel()
	repo, _ := openVersion1(t)
	aside(t, repo).MustExecContext(t.Context(), fillVersion1)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	aside(t, repo).MustExecContext(t.Context(), `DELETE FROM `+sqlkit.VersionTable+` WHERE version_id >= 2;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'api_keys_created_idx'::regclass`)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	requireCounted(t, repo)
	var invalid int
	if err := repo.pool.Get(&invalid, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`); err != nil || invalid > 0 {
		t.Errorf("%d indexes are of no use, error %v", invalid, err)
	}
}

// An older build has written to the schema of 00002, whose triggers are not
// there yet: half of the names are not folded, half as others were, and the
// counts are wrong.
func TestMigrate_RepairsWhatAnOlderBuildLeft(t *testing.T) {
	t.Parallel()
	repo, provider := openVersion1(t)
	if _, err := provider.UpTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	aside(t, repo).MustExecContext(t.Context(), fillVersion1+`;
UPDATE api_keys SET name = 'Ключ key' WHERE id = 'sk_live_0000000000000006';
UPDATE api_keys SET name_folded = CASE WHEN length(name) = 7 THEN 'OTHER N' ELSE 'OTHER' END WHERE right(id, 1) < '5';
INSERT INTO api_key_counts VALUES ('ws_b', 7), ('ws_none', 3)`)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	requireCounted(t, repo)
}

// The keys of a workspace are counted for the first time while an older build
// deletes one of them.
func TestMigrate_CountsADeletionInProgress(t *testing.T) {
	t.Parallel()
	repo, _ := openVersion1(t)
	aside(t, repo).MustExecContext(t.Context(), fillVersion1)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	aside(t, repo).MustExecContext(t.Context(), `DELETE FROM api_key_counts; DELETE FROM `+sqlkit.VersionTable+` WHERE version_id >= 3`)
	deletion := aside(t, repo).MustBegin()
	defer func() { _ = deletion.Rollback() }()
	deletion.MustExecContext(t.Context(), `UPDATE api_keys SET name = name, disabled = false, deleted_at = now() WHERE id = 'sk_live_0000000000000001'`)
	migrated := make(chan error, 1)
	go func() { migrated <- repo.Migrate(t.Context()) }()
	for waits := 0; waits == 0 && len(migrated) == 0; {
		if err := repo.pool.Get(&waits, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(deletion.Commit(), <-migrated); err != nil {
		t.Fatal(err)
	}
	var living int
	if err := repo.pool.Get(&living, `SELECT living FROM api_key_counts WHERE workspace_id = 'ws_a'`); err != nil || living != 3999 {
		t.Errorf("%d keys are counted, error %v, want 3999", living, err)
	}
}

// All later transactions queue behind one that waits for a lock on a table.
func TestMigrate_WaitsForNoLockLongerThanAMoment(t *testing.T) {
	t.Parallel()
	repo, _ := openVersion1(t)
	reader := aside(t, repo).MustBegin()
	defer func() { _ = reader.Rollback() }()
	reader.MustExecContext(t.Context(), `SELECT FROM api_keys`) // as a dump does, for hours
	if err := repo.Migrate(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Migrate gives %v, want ErrUnavailable", err)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(repo.Migrate(t.Context()), repo.Ready(t.Context())); err != nil {
		t.Errorf("once the table is free: %v", err)
	}
}

func openVersion1(t *testing.T) (*KeyRepository, *goose.Provider) {
	t.Helper()
	repo, err := Open(t.Context(), pgtest.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, repo.maintenance.DB, folder, goose.WithTableName(sqlkit.VersionTable))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return repo, provider
}

// requireCounted fails the test unless the keys of fillVersion1 are counted and
// their names folded.
func requireCounted(t *testing.T, repo *KeyRepository) {
	t.Helper()
	sqlkittest.RequireCounts(t, repo, map[domain.WorkspaceID]int64{"ws_a": 4000, "ws_b": 1, "ws_none": 0})
}

func TestMigrate_NamesTheProcessThatHasLockedATable(t *testing.T) {
	t.Parallel()
	repo, _ := openVersion1(t)
	reader := repo.maintenance.MustBegin()
	defer func() { _ = reader.Rollback() }()
	reader.MustExecContext(t.Context(), `SET LOCAL application_name = 'pg_dump'`)
	reader.MustExecContext(t.Context(), `SELECT FROM api_keys`)
	var pid int
	if err := reader.GetContext(t.Context(), &pid, `SELECT pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	err := repo.Migrate(t.Context())
	locked, ok := errors.AsType[*LockedError](err)
	if !ok || !errors.Is(err, domain.ErrUnavailable) || !strings.Contains(locked.By, fmt.Sprintf("api_keys, by process %d (pg_dump) since 2", pid)) {
		t.Errorf("Migrate gives %v, want a LockedError that names process %d", err, pid)
	}
}

// On a half-migrated schema, statements may succeed with wrong results: no key
// has been counted yet.
func TestStatements_WaitForTheSchema(t *testing.T) {
	t.Parallel()
	repo, provider := openVersion1(t)
	repo.maintenance.MustExecContext(t.Context(), fillVersion1)
	if _, err := provider.UpTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	page, err := repo.List(t.Context(), "ws_a", domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("List gives %d keys of %d and %v, want ErrUnavailable", len(page.Keys), page.Total, err)
	}
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err = repo.List(t.Context(), "ws_a", domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if err != nil || page.Total != 4000 {
		t.Errorf("once it is migrated, List gives a total of %d and %v, want 4000", page.Total, err)
	}
}

func TestMigrate_OpensNoConnectionsIfTheSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	for dsn, opens := range map[string]bool{migrated(t): false, pgtest.NewDatabase(t): true} {
		repo := openMigrated(t, dsn)
		if closed := repo.maintenance.Stats().MaxIdleClosed; (closed > 0) != opens {
			t.Errorf("%d connections were opened, want some: %t", closed, opens)
		}
	}
}
