package sqlite_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/sqlite"
)

func TestReady_NamesTheMissingMigration(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	repo, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })

	err = repo.Ready(t.Context())
	const want = "schema is not migrated: version 1 (api_keys) is missing"
	if err == nil || err.Error() != want {
		t.Errorf("Ready gives %v, want %s", err, want)
	}
	list, err := sqlite.Migrations(t.Context(), path)
	if diff := cmp.Diff(steps(false), list); diff != "" || err != nil {
		t.Errorf("Migrations (%v):\n%s", err, diff)
	}
}

func TestMigrations_ChangesNothing(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		prepare func(t *testing.T, path string)
		applied bool
		files   []string
	}{
		"where there is no file": {func(*testing.T, string) {}, false, nil},
		"of an empty file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, false, []string{"keys.db"}},
		"of a migrated file": {func(t *testing.T, path string) {
			repo, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(repo.Migrate(t.Context()), repo.Close()); err != nil {
				t.Fatal(err)
			}
		}, true, []string{"keys.db"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newFile(t)
			tc.prepare(t, path)
			before, _ := os.ReadFile(path)

			list, err := sqlite.Migrations(t.Context(), path)
			if diff := cmp.Diff(steps(tc.applied), list); diff != "" || err != nil {
				t.Errorf("Migrations (%v):\n%s", err, diff)
			}
			var files []string
			entries, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range entries {
				files = append(files, entry.Name())
			}
			if diff := cmp.Diff(tc.files, files); diff != "" {
				t.Errorf("files:\n%s", diff)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestMigrations_Rejects(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"no path":                      "",
		"a folder that does not exist": filepath.Join(t.TempDir(), "none", "keys.db"),
		"a folder":                     t.TempDir(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if list, err := sqlite.Migrations(t.Context(), path); err == nil {
				t.Errorf("it gives %v", list)
			}
		})
	}
}

func TestMigrate_ByManyAtOnce(t *testing.T) {
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

func TestMigrate_LeavesANewerSchemaAsItIs(t *testing.T) {
	t.Parallel()
	path := sqlite.Migrated(t)
	repo := openFile(t, path)
	if newer, err := repo.NewerSchema(t.Context()); newer != 0 || err != nil {
		t.Errorf("NewerSchema gives %d, %v, of its own schema", newer, err)
	}
	exec(t, path, `INSERT INTO apikeys_schema_versions (version_id, is_applied) VALUES (99, 1)`)

	if err := errors.Join(repo.Migrate(t.Context()), repo.Ready(t.Context())); err != nil {
		t.Error(err)
	}
	if newer, err := repo.NewerSchema(t.Context()); newer != 99 || err != nil {
		t.Errorf("NewerSchema gives %d, %v", newer, err)
	}
	list, err := sqlite.Migrations(t.Context(), path)
	if diff := cmp.Diff(steps(true), list); diff != "" || err != nil {
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

// steps are the migrations of this build.
func steps(applied bool) []sqlite.Migration {
	return []sqlite.Migration{
		{Version: 1, Name: "api_keys", Applied: applied},
		{Version: 2, Name: "lists_and_idempotency", Applied: applied},
		{Version: 3, Name: "older_builds", Applied: applied},
		{Version: 4, Name: "events_page", Applied: applied},
		{Version: 5, Name: "pepper_checks", Applied: applied},
		{Version: 6, Name: "limit_counts", Applied: applied},
		{Version: 7, Name: "foreign_secrets", Applied: applied},
		{Version: 8, Name: "limits_of_keys", Applied: applied},
		{Version: 9, Name: "usage_of_keys", Applied: applied},
		{Version: 10, Name: "webhooks", Applied: applied},
		{Version: 11, Name: "delivery_writes", Applied: applied},
	}
}
