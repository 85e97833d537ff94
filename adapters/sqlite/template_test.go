package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Migrated returns the path of a new file with the current schema. Only the first is
// migrated, and the others are copies of it, because a migration takes longer than most
// tests.
func Migrated(t testing.TB) string {
	t.Helper()
	content, err := migratedFile()
	if err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	path := filepath.Join(t.TempDir(), "keys.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var migratedFile = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "apikeys-sqlite-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "keys.db")
	repo, err := Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(repo.Migrate(context.Background()), repo.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing the last connection leaves nothing in other files
})
