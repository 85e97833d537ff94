package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

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

// WithPatience lets the server be silent for the given time. On a busy machine, it may
// be silent for longer than a caller of a service would wait.
func WithPatience(d time.Duration) Option { return func(o *options) { o.silence = d } }

// migrated returns the URL of a new database with the current schema.
func migrated(t testing.TB) string {
	t.Helper()
	return Migrated.NewDatabase(t)
}
