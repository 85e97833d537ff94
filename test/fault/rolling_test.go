package fault

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// holdersAtOnce holders change keys concurrently.
const holdersAtOnce = 4

// rolling are the tests of two builds on one database. The older build is built
// once for all of them.
var rolling = map[string]func(*testing.T, olderBuild){
	"forth and back under load, on PostgreSQL":               rollForthAndBack,
	"forth and back, one build after the other, on SQLite":   rollSQLite,
	"a migration continues after being killed":               killMigrations,
	"a migration blocks nobody, however many keys there are": migrateMany,
}

func TestRollingChange(t *testing.T) {
	t.Parallel()
	older := buildOlder(t)
	for name, test := range rolling {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, older)
		})
	}
}

func rollForthAndBack(t *testing.T, older olderBuild) {
	d := deploy(t, pgtest.NewDatabase(t))
	f := new(fleet)
	before := older.of(d, config.MigrateAuto).start(t)
	f.add(before)
	good, bad := before.keys(t)
	all := newHolders(holdersAtOnce)
	tr := all.drive(t, f, good, bad)
	n := int64(times(t, 6, 120))

	tr.goesOn(n)
	d.migrate(t)
	tr.goesOn(n)
	after := d.start(t)
	f.add(after)
	tr.goesOn(2 * n)

	t.Log("back: the older build alone, started on the newer schema")
	f.add(older.of(d, config.MigrateAuto).startReady(t))
	f.add(older.of(d, config.MigrateOff).startReady(t))
	f.retire(t, tr, before)
	f.retire(t, tr, after)
	tr.goesOn(n)

	t.Log("and forth again")
	again := d.start(t)
	f.add(again)
	tr.goesOn(2 * n)
	t.Log(tr.end())
	again.becomesReady(t)
	all.finish(t, again.world, openDatabase(t, d.settings.DatabaseURL))
}

// Only one process at a time may use the file.
func rollSQLite(t *testing.T, older olderBuild) {
	d := deploy(t, "sqlite://"+filepath.Join(t.TempDir(), "apikeys.db"))
	all := newHolders(holdersAtOnce)
	var good, bad string
	turns := []*deployment{older.of(d, config.MigrateAuto), d, older.of(d, config.MigrateAuto), d, older.of(d, config.MigrateOff), d}
	for i, build := range turns {
		f, service := new(fleet), build.startReady(t)
		f.add(service)
		if i == 0 {
			good, bad = service.keys(t)
		}
		tr := all.drive(t, f, good, bad)
		tr.goesOn(7)
		t.Log(tr.end())
		if i == len(turns)-1 {
			all.finish(t, service.world, openDatabase(t, d.settings.DatabaseURL))
		}
		service.end(t)
	}
}

// startReady starts a service and waits until it is ready.
func (d *deployment) startReady(t *testing.T) *process {
	t.Helper()
	p := d.start(t)
	p.becomesReady(t)
	return p
}

// migrate migrates the schema to the current build.
func (d *deployment) migrate(t *testing.T) {
	t.Helper()
	run(t, d.migration(t))
}

func isPostgres(t *testing.T, db *sql.DB) bool {
	t.Helper()
	var version string
	err := db.QueryRowContext(t.Context(), `SELECT version()`).Scan(&version)
	return err == nil
}
