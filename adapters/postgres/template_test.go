package postgres

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

// Migrated is a database with the current schema.
var Migrated = pgtest.NewTemplate(func(dsn string) error {
	repo, err := Open(context.Background(), dsn)
	if err != nil {
		return err
	}
	return errors.Join(repo.Migrate(context.Background()), repo.Close())
})

// migrated returns the URL of a new database with the current schema.
func migrated(t testing.TB) string {
	t.Helper()
	return Migrated.NewDatabase(t)
}
