package fault

import (
	"database/sql"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	// killedSchemas is the number of schemas that killed migrations migrate.
	killedSchemas, killedSchemasSoaking = 1, 10
	mostKills                           = 4
	// keysToMigrate keys take about a second to migrate.
	keysToMigrate = 10_000
	// migratorName is the application name of a migration.
	migratorName = "migrator"
)

// migration is a process that migrates the schema to the current build, under
// the name [migratorName].
func (d *deployment) migration(t *testing.T) *exec.Cmd {
	t.Helper()
	s := d.settings
	s.Migrates = true
	s.DatabaseURL += "&application_name=" + migratorName
	cmd := s.command(t)
	cmd.Stderr = nil
	return cmd
}

func killMigrations(t *testing.T, older olderBuild) {
	for range times(t, killedSchemas, killedSchemasSoaking) {
		killMigrationsOf(t, older, deploy(t, pgtest.NewDatabase(t)))
	}
}

func killMigrationsOf(t *testing.T, older olderBuild, d *deployment) {
	t.Helper()
	f := new(fleet)
	service := older.of(d, config.MigrateAuto).start(t)
	f.add(service)
	good, bad := service.keys(t)
	db := openDatabase(t, d.settings.DatabaseURL)
	fill(t, db, keysToMigrate)
	all := newHolders(holdersAtOnce)
	tr := all.drive(t, f, good, bad)
	var killed []string
	for range mostKills {
		killed = append(killed, d.killMigration(t, db)...)
	}
	d.migrate(t)
	after := d.start(t)
	f.add(after)
	tr.goesOn(12)
	t.Logf("%d killed, within %q; %s", len(killed), killed, tr.end())
	if n := count(t, db, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`); n > 0 {
		t.Errorf("%d indexes are invalid", n)
	}
	if n := count(t, db, `SELECT count(*) FROM api_key_events WHERE seq IS NULL`); n > 0 {
		t.Errorf("%d events have no number", n)
	}
	all.finish(t, after.world, db)
	after.end(t)
	service.end(t)
}

// underWay selects the end of the statement that a migration is running.
const underWay = `SELECT right(regexp_replace(query, '\s+', ' ', 'g'), 90) FROM pg_stat_activity
WHERE application_name = '` + migratorName + `' AND datname = current_database() AND query NOT LIKE '%advisory_lock%'`

// killMigration starts a migration, and kills it at some moment. It returns the
// statement in which it was killed, or nothing if it had finished. The server
// continues with that statement, since it notices the lost client only
// afterwards, and the next migration waits for it.
func (d *deployment) killMigration(t *testing.T, db *sql.DB) []string {
	t.Helper()
	cmd := d.migration(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	eventually(t, "the migration does not begin", func() bool { return len(texts(t, db, underWay)) > 0 || len(ended) > 0 })
	select {
	case <-time.After(rand.N(500 * time.Millisecond)):
	case err := <-ended:
		if err != nil {
			t.Errorf("a migration that was not killed: %v", err)
		}
		return nil
	}
	within := texts(t, db, underWay)
	_ = cmd.Process.Kill()
	<-ended                             // it was killed, which is an error
	return within[:min(len(within), 1)] // not those of a migration killed earlier
}
