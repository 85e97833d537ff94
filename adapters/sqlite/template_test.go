package sqlite

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/test/filetemplate"
)

// Migrated returns the path of a new file with the current schema. It is a copy, because
// a migration takes longer than most tests.
func Migrated(t testing.TB) string {
	t.Helper()
	return template.NewFile(t)
}

var template = filetemplate.New(func(path string) error {
	repo, err := Open(context.Background(), path)
	if err != nil {
		return err
	}
	return errors.Join(repo.Migrate(context.Background()), repo.Close())
})
