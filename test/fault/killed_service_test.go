package fault

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	kills, killsSoaking = 5, 50
	// ownersAtOnce owners make changes concurrently, so that every kill
	// interrupts some.
	ownersAtOnce = 8
	// mostBeforeKill is the maximum number of changes between a start and a
	// kill.
	mostBeforeKill = 60
	// mostPutOff is the maximum number of responses between a start and a kill that a
	// busy machine may delay beyond the time limits of the service.
	mostPutOff = 200
)

// stores create databases that outlive a service.
var stores = map[string]func(*testing.T) string{
	"on SQLite":     func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "apikeys.db") },
	"on PostgreSQL": func(t *testing.T) string { return pgtest.NewDatabase(t) },
}

// onEachStore runs test with a new database of each store, in parallel.
func onEachStore(t *testing.T, test func(t *testing.T, databaseURL string)) {
	t.Helper()
	for name, newDatabase := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newDatabase(t))
		})
	}
}

func TestService_LosesNothingWhenKilledUnderLoad(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, databaseURL string) {
		d := deploy(t, databaseURL)
		all := newOwners(ownersAtOnce)
		n := times(t, kills, killsSoaking)
		service := d.start(t)
		db := openDatabase(t, d.settings.DatabaseURL)
		var r retries
		for range n {
			all.workUntilKilled(t, service)
			mustBeWhole(t, db)
			service = d.start(t)
			all.judge(t, service.world)
			r.add(all.retry(t, service.world))
		}
		all.judge(t, service.world)
		mustBeWhole(t, db)
		all.mustHold(t, db)
		t.Logf("%d kills: %d changes acknowledged, none lost; %d were not, of which %d had been made: each exists once after its retry",
			n, all.acknowledged()-r.sent, r.sent, r.replayed)
	})
}

// workUntilKilled lets the owners make changes, and kills the service after
// some of them.
func (all owners) workUntilKilled(t *testing.T, service *process) {
	t.Helper()
	var working sync.WaitGroup
	var killed atomic.Bool
	var left, putOff atomic.Int64
	left.Store(1 + rand.Int64N(mostBeforeKill))
	enough, over := make(chan struct{}), make(chan struct{})
	for _, o := range all {
		working.Go(func() {
			for {
				a, err := o.current().next(context.WithoutCancel(t.Context()), service.world)
				switch {
				case err == nil && isPutOff(a) && putOff.Add(1) <= mostPutOff: // sent again
				case err != nil || a.status/100 != 2:
					if !killed.Load() {
						t.Errorf("before the kill: %d %s, %v", a.status, a.body, err)
					}
					return
				case left.Add(-1) == 0:
					close(enough)
				}
			}
		})
	}
	go func() { working.Wait(); close(over) }()
	select {
	case <-enough:
	case <-over:
	}
	killed.Store(true)
	service.kill(t)
	<-over
	service.client.CloseIdleConnections()
	if service.answers(t) {
		t.Error("a killed service responds")
	}
}

// isPutOff reports whether a change has to be sent again: the service has given up
// waiting for the store, or is still making it.
func isPutOff(a answer) bool {
	return a.status == http.StatusServiceUnavailable || a.status == http.StatusConflict && changed(a)
}

func (p *process) answers(t *testing.T) bool {
	t.Helper()
	_, err := p.ask(t.Context(), http.MethodGet, p.internal+"/livez", "")
	return err == nil
}
