package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	portstest.RunStore(t, func(t testing.TB) (one, other portstest.Store) {
		path := sqlite.Migrated(t)
		return openFile(t, path), openFile(t, path)
	})
}

// With a tracer, the store uses the driver through a wrapper.
func TestKeyRepository_Traced(t *testing.T) {
	t.Parallel()
	repo := openFile(t, sqlite.Migrated(t), sqlite.WithTracerProvider(noop.NewTracerProvider()))
	portstest.RunKeyRepository(t, func(testing.TB) ports.KeyRepository { return repo })
}

func open(t testing.TB) ports.KeyRepository { return openFile(t, sqlite.Migrated(t)) }

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "keys.db") }

// openFile opens and migrates the database at path, and closes it when t ends.
func openFile(t testing.TB, path string, opts ...sqlite.Option) *sqlite.KeyRepository {
	t.Helper()
	repo := openUnmigrated(t, path, opts...)
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return repo
}

func openUnmigrated(t testing.TB, path string, opts ...sqlite.Option) *sqlite.KeyRepository {
	t.Helper()
	repo, err := sqlite.Open(t.Context(), path, opts...)
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
	portstest.RunLimitStore(t, func(t testing.TB, now func() time.Time) ports.LimitStore {
		return openFile(t, sqlite.Migrated(t), sqlite.WithClock(now))
	})
}

func TestSchema(t *testing.T) {
	t.Parallel()
	portstest.RunSchema(t, func(t testing.TB) (one, other portstest.SchemaStore) {
		path := newFile(t)
		return openUnmigrated(t, path), openUnmigrated(t, path)
	})
}

func TestForeignKeys(t *testing.T) {
	t.Parallel()
	portstest.RunForeignKeys(t, func(t testing.TB) (one, other portstest.ForeignStore) {
		path := sqlite.Migrated(t)
		return openFile(t, path), openFile(t, path)
	})
}

func TestWebhookStore(t *testing.T) {
	t.Parallel()
	portstest.RunWebhookStore(t, func(t testing.TB, now func() time.Time) portstest.WebhookedStore {
		return openFile(t, sqlite.Migrated(t), sqlite.WithClock(now))
	})
}
