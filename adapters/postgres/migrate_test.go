package postgres_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestReady_NamesTheMissingMigration(t *testing.T) {
	t.Parallel()
	repo := openUnmigrated(t, pgtest.NewDatabase(t))

	err := repo.Ready(t.Context())
	const want = "schema is not migrated: version 1 (api_keys) is missing"
	if err == nil || err.Error() != want {
		t.Errorf("Ready gives %v, want %s", err, want)
	}
	list, err := repo.Migrations(t.Context())
	if diff := cmp.Diff(steps(false), list); diff != "" || err != nil {
		t.Errorf("Migrations (%v):\n%s", err, diff)
	}
}

func TestMigrate_ByManyAtOnce(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		repo := openUnmigrated(t, dsn)
		wg.Go(func() { errs[i] = errors.Join(repo.Migrate(t.Context()), repo.Ready(t.Context())) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

func TestMigrate_LeavesANewerSchemaAsItIs(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	if newer, err := repo.NewerSchema(t.Context()); newer != 0 || err != nil {
		t.Errorf("NewerSchema gives %d, %v, of its own schema", newer, err)
	}
	exec(t, dsn, `INSERT INTO apikeys_schema_versions (version_id, is_applied) VALUES (99, true)`)

	if err := errors.Join(repo.Migrate(t.Context()), repo.Ready(t.Context())); err != nil {
		t.Error(err)
	}
	if newer, err := repo.NewerSchema(t.Context()); newer != 99 || err != nil {
		t.Errorf("NewerSchema gives %d, %v", newer, err)
	}
	list, err := repo.Migrations(t.Context())
	if diff := cmp.Diff(steps(true), list); diff != "" || err != nil {
		t.Errorf("Migrations (%v):\n%s", err, diff)
	}
}

// steps are the migrations of this build.
func steps(applied bool) []postgres.Migration {
	return []postgres.Migration{
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
