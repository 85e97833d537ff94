package fault

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/pgtest"
)

const crashes, crashesSoaking = 2, 10

func TestDatabase_LosesNothingWhenKilledUnderLoad(t *testing.T) {
	t.Parallel()
	server := startDurable(t)
	databaseURL := server.NewDatabase(t)
	service := deploy(t, databaseURL).start(t)
	good, bad := service.keys(t)
	all := newOwners(ownersAtOnce)
	before := all.warmUp(t, service.world, good, bad)
	n := times(t, crashes, crashesSoaking)
	for range n {
		tr := all.drive(t, service.world, good, bad)
		tr.goesOn(5)
		server.Stop(pgtest.Immediate)
		tr.goesOn(2)
		server.Restart()
		back := service.recovers(t, time.Now(), good)
		tr.goesOn(5)
		t.Logf("a crash: %s; recovered after %v", tr.end(), back.Round(time.Millisecond))
		all.judge(t, service.world)
	}
	service.mustReturnTo(t, before, connectionsOf(t, databaseURL))
	all.finish(t, service.world, openDatabase(t, databaseURL), n)
}
