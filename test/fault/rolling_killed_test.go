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
	migrationKills, migrationKillsSoaking = 4, 30
	// keysToMigrate take a migration about a second.
	keysToMigrate = 20_000
	// migratorName is how a migration calls itself to the server.
	migratorName = "migrator"
)

// migration is a process that brings the schema up to that of the present
// build, and calls itself [migratorName].
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
	d := deploy(t, pgtest.NewDatabase(t))
	f := new(fleet)
	service := older.of(d, config.MigrateAuto).start(t)
	f.add(service)
	good, bad := service.keys(t)
	db := openDatabase(t, d.settings.DatabaseURL)
	fill(t, db, keysToMigrate)
	all := newHolders(holdersAtOnce)
	tr := all.drive(t, f, good, bad)
	for range times(t, migrationKills, migrationKillsSoaking) {
		d.killMigration(t, db)
	}
	d.migrate(t)
	after := d.start(t)
	f.add(after)
	tr.goesOn(12)
	t.Log(tr.end())
	if n := count(t, db, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`); n > 0 {
		t.Errorf("%d indexes are of no use", n)
	}
	if n := count(t, db, `SELECT count(*) FROM api_key_events WHERE seq IS NULL`); n > 0 {
		t.Errorf("%d events have no number", n)
	}
	all.finish(t, after.world, db)
}

// killMigration begins a migration, and kills it at some moment.
func (d *deployment) killMigration(t *testing.T, db *sql.DB) {
	t.Helper()
	cmd := d.migration(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	const connected = `SELECT count(*) FROM pg_stat_activity WHERE application_name = '` + migratorName + `' AND datname = current_database()`
	eventually(t, promptly, "the migration does not begin", func() bool { return count(t, db, connected) > 0 || len(ended) > 0 })
	select {
	case <-time.After(rand.N(time.Second)):
		t.Logf("killed within %q", texts(t, db, `SELECT left(regexp_replace(query, '\s+', ' ', 'g'), 60) FROM pg_stat_activity WHERE application_name = '`+migratorName+`' AND datname = current_database()`))
		_ = cmd.Process.Kill()
		<-ended // it was killed, which is an error
	case err := <-ended:
		t.Logf("it ended before it was killed: %v", err)
	}
}
