package fault

import (
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	// Each kill is on both stores.
	webhookKills, webhookKillsSoaking     = 3, 50
	webhookCrashes, webhookCrashesSoaking = 2, 5
)

func TestWebhooks_DeliverEveryChangeThoughTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, databaseURL string) {
		r := newReceiver(t)
		d := deploy(t, databaseURL)
		d.settings.Webhooks = true
		service := d.start(t)
		r.subscribe(t, service.world)
		db := openDatabase(t, databaseURL)
		all := newOwners(ownersAtOnce)
		n := times(t, webhookKills, webhookKillsSoaking)
		for i := range n {
			r.holds.Store(true)
			all.workUntilKilled(t, service)
			r.readRecorded(t, db)
			if last := i == n-1; last || i%2 == 0 {
				r.endLeases(t, db)
			}
			service = d.start(t)
			all.retry(t, service.world)
		}
		r.awaitAll(t, db)
		mustBeWhole(t, db)
		all.mustHold(t, db)
		t.Logf("%d kills, %d changes acknowledged: %s", n, all.acknowledged(), r.judge(t, db, all.lives()))
	})
}

func TestWebhooks_DeliverEveryChangeThoughTheDatabaseCrashes(t *testing.T) {
	t.Parallel()
	server := startDurable(t)
	databaseURL := server.NewDatabase(t)
	r := newReceiver(t)
	d := deploy(t, databaseURL)
	d.settings.Webhooks = true
	service := d.start(t)
	r.subscribe(t, service.world)
	good, bad := service.keys(t)
	all := newOwners(ownersAtOnce)
	n := times(t, webhookCrashes, webhookCrashesSoaking)
	for range n {
		tr := all.drive(t, service.world, good, bad)
		tr.goesOn(5)
		server.Stop(pgtest.Immediate)
		tr.goesOn(1)
		server.Restart()
		service.becomesReady(t)
		tr.goesOn(5)
		tr.stop()
		r.readRecorded(t, openDatabase(t, databaseURL))
	}
	all.retry(t, service.world)
	service.kill(t)
	db := openDatabase(t, databaseURL)
	r.readRecorded(t, db)
	r.endLeases(t, db) // also of claims whose response was lost
	d.start(t)
	r.awaitAll(t, db)
	mustBeWhole(t, db)
	all.mustHold(t, db)
	t.Logf("%d crashes, %d changes acknowledged: %s", n, all.acknowledged(), r.judge(t, db, all.lives()))
}
