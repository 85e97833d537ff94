package sqlite_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/sqlite"
)

func TestReady_saysWhichMigrationIsMissing(t *testing.T) {
	t.Parallel()
	repo, err := sqlite.Open(t.Context(), newFile(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })

	err = repo.Ready(t.Context())
	const want = "schema is not migrated: version 1 (api_keys) is missing"
	if err == nil || err.Error() != want {
		t.Errorf("Ready gives %v, want %s", err, want)
	}
	list, err := repo.Migrations(t.Context())
	if diff := cmp.Diff([]sqlite.Migration{{Version: 1, Name: "api_keys"}}, list); diff != "" || err != nil {
		t.Errorf("Migrations (%v):\n%s", err, diff)
	}
}

func TestMigrate_byManyAtOnce(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			repo, err := sqlite.Open(t.Context(), path)
			if err == nil {
				err = errors.Join(repo.Migrate(t.Context()), repo.Ready(t.Context()), repo.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

func TestMigrate_leavesANewerSchemaAsItIs(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	repo := openFile(t, path)
	exec(t, path, `INSERT INTO apikeys_schema_versions (version_id, is_applied) VALUES (99, 1)`)

	if err := errors.Join(repo.Migrate(t.Context()), repo.Ready(t.Context())); err != nil {
		t.Error(err)
	}
	list, err := repo.Migrations(t.Context())
	if diff := cmp.Diff([]sqlite.Migration{{Version: 1, Name: "api_keys", Applied: true}}, list); diff != "" || err != nil {
		t.Errorf("Migrations (%v):\n%s", err, diff)
	}
}

// exec changes the database behind the back of the store.
func exec(t testing.TB, path, statement string, args ...any) {
	t.Helper()
	db, err := sqlx.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}
