package postgres_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestStore(t *testing.T) {
	t.Parallel()
	portstest.RunStore(t, func(t testing.TB) (one, other portstest.Store) {
		dsn := migrated(t)
		return openPatient(t, dsn), openPatient(t, dsn)
	})
}

func BenchmarkKeyRepository(b *testing.B) { portstest.BenchmarkKeyRepository(b, open) }

func open(t testing.TB) ports.KeyRepository { return openDSN(t, migrated(t)) }

// migrated returns the URL of a new database with the current schema.
func migrated(t testing.TB) string {
	t.Helper()
	return postgres.Migrated.NewDatabase(t)
}

// openDSN opens and migrates the database that dsn names, and closes it when t
// ends.
func openDSN(t testing.TB, dsn string, opts ...postgres.Option) *postgres.KeyRepository {
	t.Helper()
	repo := openUnmigrated(t, dsn, opts...)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return repo
}

// openPatient is like openDSN for tests of what operations do, not of how they fail.
func openPatient(t testing.TB, dsn string, opts ...postgres.Option) *postgres.KeyRepository {
	t.Helper()
	return openDSN(t, dsn, append(opts, postgres.WithPatience(time.Minute))...)
}

func openUnmigrated(t testing.TB, dsn string, opts ...postgres.Option) *postgres.KeyRepository {
	t.Helper()
	repo, err := postgres.Open(t.Context(), dsn, opts...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return repo
}

func TestLimitStore(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	portstest.RunLimitStore(t, func(t testing.TB, now func() time.Time) ports.LimitStore {
		return openPatient(t, dsn, postgres.WithClock(now))
	})
}

func TestSchema(t *testing.T) {
	t.Parallel()
	portstest.RunSchema(t, func(t testing.TB) (one, other portstest.SchemaStore) {
		dsn := pgtest.NewDatabase(t)
		return openUnmigrated(t, dsn), openUnmigrated(t, dsn)
	})
}

func TestForeignKeys(t *testing.T) {
	t.Parallel()
	portstest.RunForeignKeys(t, func(t testing.TB) (one, other portstest.ForeignStore) {
		dsn := migrated(t)
		return openPatient(t, dsn), openPatient(t, dsn)
	})
}

func TestWebhookStore(t *testing.T) {
	t.Parallel()
	portstest.RunWebhookStore(t, func(t testing.TB, now func() time.Time) portstest.WebhookedStore {
		return openPatient(t, migrated(t), postgres.WithClock(now))
	})
}
