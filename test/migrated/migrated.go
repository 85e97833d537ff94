// Package migrated provides databases with the current schema. A test binary migrates
// one of each kind, and copies it, because migrating each would cost several times as
// much.
package migrated

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/test/pgtest"
)

var template = pgtest.NewTemplate(func(dsn string) error {
	repo, err := postgres.Open(context.Background(), dsn)
	if err != nil {
		return err
	}
	return errors.Join(repo.Migrate(context.Background()), repo.Close())
})

// PostgreSQL returns the URL of a new database, as [pgtest.NewDatabase] does.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	return template.NewDatabase(t)
}

// SQLite returns the URL of a new file, which is removed when t ends.
func SQLite(t testing.TB) string {
	t.Helper()
	content, err := file()
	if err != nil {
		t.Fatalf("migrated: %v", err)
	}
	path := filepath.Join(t.TempDir(), "apikeys.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatalf("migrated: %v", err)
	}
	return "sqlite://" + path
}

var file = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "apikeys-migrated-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "apikeys.db")
	repo, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(repo.Migrate(context.Background()), repo.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing the last connection leaves nothing in other files
})
