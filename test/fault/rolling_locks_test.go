package fault

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
)

const (
	manyKeys, manyKeysSoaking = 11_000, 1_000_000 // the batches of a migration have at most 5,000
	// lockedFor is how long a migration may block others on a table at most.
	lockedFor = time.Second
)

func migrateMany(t *testing.T, older olderBuild) {
	d := deploy(t, startDurable(t).NewDatabase(t))
	f := new(fleet)
	service := older.of(d, config.MigrateAuto).start(t)
	f.add(service)
	good, bad := service.keys(t)
	db := openDatabase(t, d.settings.DatabaseURL)
	n := times(t, manyKeys, manyKeysSoaking)
	fill(t, db, n)

	all := newHolders(2)
	tr := all.drive(t, f, good, bad)
	tr.goesOn(5)
	watch := watchLocks(t, db)
	began := time.Now()
	d.migrate(t)
	took := time.Since(began)
	locks := watch.end(t, lockedFor)
	tr.goesOn(5)
	t.Logf("%d keys migrated in %v; %s; %s", n, took.Round(time.Millisecond), locks, tr.end())
	all.finish(t, d.start(t).world, db)
}
