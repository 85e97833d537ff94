// Package migrated provides databases with the current schema. A test binary migrates
// one of each kind, and copies it, because migrating each would cost several times as
// much.
package migrated

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/test/filetemplate"
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

var file = filetemplate.New(func(path string) error {
	repo, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return err
	}
	return errors.Join(repo.Migrate(context.Background()), repo.Close())
})

// SQLite returns the URL of a new file, which is removed when t ends.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite://" + file.NewFile(t)
}
