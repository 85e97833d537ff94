package fault

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	manyKeys, manyKeysSoaking = 100_000, 1_000_000
	// lockedFor bounds for how long a migration may keep others from a table.
	lockedFor = time.Second
)

func migrateMany(t *testing.T, older olderBuild) {
	d := deploy(t, pgtest.Start(t, pgtest.WithDurability()).NewDatabase(t))
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
	locks := watch.mustHaveSeenNoLongerThan(t, lockedFor)
	tr.goesOn(5)
	t.Logf("%d keys migrated in %v; %s; %s", n, took.Round(time.Millisecond), locks, tr.end())
	all.finish(t, d.start(t).world, db)
}
