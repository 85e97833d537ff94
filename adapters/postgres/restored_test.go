package postgres

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// answered polls. If a poll takes too long on a busy machine, the next one reports that
// everything may have changed, which then proves nothing, so answered skips the test.
func answered(t *testing.T, f *feed) ports.Changes {
	t.Helper()
	changes, err := f.Poll(t.Context())
	if errors.Is(err, domain.ErrUnavailable) {
		t.Skipf("the machine is too slow: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// A dump is restored within one transaction, between two polls.
func TestFeed_SaysLostWhenADumpIsRestored(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openMigrated(t, dsn)
	if _, err := writeEvent(t.Context(), repo.maintenance); err != nil {
		t.Fatal(err)
	}
	dump := filepath.Join(t.TempDir(), "dump.sql")
	pgtest.Client(t, "pg_dump", "--clean", "--if-exists", "--no-password", "--file="+dump, "--dbname="+dsn)
	f := startFeed(t, repo)
	if _, err := writeEvent(t.Context(), repo.maintenance); err != nil {
		t.Fatal(err)
	}
	if changes := answered(t, f); changes.Lost || len(changes.Keys) != 1 {
		t.Fatalf("Poll() = %+v, want one key", changes)
	}

	pgtest.Client(t, "psql", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", "--no-password", "--file="+dump, dsn)
	if changes := answered(t, f); !changes.Lost {
		t.Errorf("Poll() = %+v, want lost", changes)
	}
	if _, err := writeEvent(t.Context(), repo.maintenance); err != nil {
		t.Fatal(err)
	}
	if changes := answered(t, f); changes.Lost || len(changes.Keys) != 1 {
		t.Errorf("of what comes after it Poll() = %+v, want one key", changes)
	}
}

func TestFeed_SaysLostWhenATableWasReplaced(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"the keys, emptied to be filled again": `TRUNCATE api_keys, api_key_secrets CASCADE`,
		"the secrets": `CREATE TABLE other (LIKE api_key_secrets);
DROP TABLE api_key_secrets; ALTER TABLE other RENAME TO api_key_secrets`,
		"the events": `CREATE TABLE other (LIKE api_key_events INCLUDING INDEXES);
DROP TABLE api_key_events CASCADE; ALTER TABLE other RENAME TO api_key_events`,
		"none": `SELECT 1`,
	}
	for name, statements := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := openMigrated(t, migrated(t))
			f := startFeed(t, repo)
			repo.pool.MustExecContext(t.Context(), statements)
			want := statements != `SELECT 1`
			if changes := answered(t, f); changes.Lost != want {
				t.Errorf("Poll() = lost: %v, want %v", changes.Lost, want)
			}
			if changes := answered(t, f); changes.Lost || len(changes.Keys) > 0 {
				t.Errorf("the next poll says %+v, want nothing", changes)
			}
		})
	}
}
