package fault

import (
	"database/sql"
	"strings"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	// spentBeforeLoss responses come before the standby is cut off, and as many until the
	// primary is lost.
	spentBeforeLoss = 300
	// costOften is a tenth of a share, so that services often ask for one.
	costOften = 100
	// costUnreplicated is spent by each service after the standby was cut off. It is more
	// than a share, and what they spend is more than they ask the new primary for first.
	costUnreplicated = 8000
	costOfFirst      = 2000
)

// limitFailover is a primary, its standby, and services that spend limits.
type limitFailover struct {
	*spenders

	databaseURL      string
	primary, standby *pgtest.Server
}

func newLimitFailover(t *testing.T) *limitFailover {
	t.Helper()
	f := &limitFailover{primary: startDurable(t)}
	f.databaseURL = f.primary.NewDatabase(t)
	f.standby = f.primary.Standby(t)
	return f
}

// start starts the services and their clients, whose checks of the last key have the
// given cost, and returns a function that stops the clients.
func (f *limitFailover) start(t *testing.T, cost int64) (stop func()) {
	t.Helper()
	f.spenders = newSpenders(t, deploy(t, eitherOf(t, f.databaseURL, f.primary, f.standby)), cost)
	stop = sync.OnceFunc(func() { close(f.stopped); <-f.over })
	t.Cleanup(stop)
	return stop
}

// spendEach spends cost from the last key by each service, once the service can judge it,
// and reports whether all have admitted it.
func (f *limitFailover) spendEach(t *testing.T, cost int64) bool {
	t.Helper()
	admitted := true
	for i := range f.services {
		a := available(t, func() answer {
			a, err := f.total().spend(t.Context(), f.services[i].Load().world, cost)
			if err != nil {
				t.Fatal(err)
			}
			return a
		})
		admitted = admitted && allowed(a)
	}
	return admitted
}

func (f *limitFailover) total() *spentKey { return f.keys[len(f.keys)-1] }

// finish spends the rest of the quota, and checks all limits.
func (f *limitFailover) finish(t *testing.T) {
	t.Helper()
	quota := f.total().limits[0]
	f.exhaust(t, f.total(), quota.most(0, 0))
	for _, k := range f.keys {
		for _, limit := range k.limits {
			k.mustNotExceed(t, limit)
		}
	}
}

func TestLimits_NeverOneTooManyAfterAFailoverToASynchronousStandby(t *testing.T) {
	t.Parallel()
	f := newLimitFailover(t)
	f.primary.Exec(`ALTER SYSTEM SET synchronous_standby_names = '*'`)
	f.primary.Exec(`SELECT pg_reload_conf()`)
	awaitTrue(t, openDatabase(t, f.databaseURL), `SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync')`)
	stop := f.start(t, costOften)
	f.await(t, spentBeforeLoss)
	f.primary.Stop(pgtest.Immediate)
	f.standby.Exec(`SELECT pg_promote()`)
	f.spendEach(t, costOfFirst)
	f.await(t, spentBeforeLoss)
	stop()
	f.finish(t)
}

func TestLimits_AdmitAgainAtMostWhatAFailoverHasLost(t *testing.T) {
	t.Parallel()
	f := newLimitFailover(t)
	stop := f.start(t, 1)
	f.await(t, spentBeforeLoss)
	f.cutOff(t)
	f.await(t, spentBeforeLoss)
	if !f.spendEach(t, costUnreplicated) {
		t.Fatal("the quota is too small")
	}

	f.held.Lock()
	granted := grantedIn(t, openDatabase(t, f.databaseURL))
	f.loseUnreplicated(granted, grantedIn(t, openDatabase(t, f.standby.URLOf(f.databaseURL))))
	f.primary.Stop(pgtest.Immediate)
	f.held.Unlock() // the clients go on without a primary
	f.standby.Exec(`SELECT pg_promote()`)

	if !f.spendEach(t, costOfFirst) { // more than the services hold, so that each asks
		t.Fatal("the quota is too small")
	}
	quota := bucketOf(f.total(), "TOTAL")
	counted := grantedIn(t, openDatabase(t, f.standby.URLOf(f.databaseURL)))[quota].granted
	if least := granted[quota].granted - inFlight(totalLimit); counted < least {
		t.Errorf("the new primary counts %d as granted after each service has asked it, want at least %d", counted, least)
	}
	f.await(t, spentBeforeLoss)
	stop()
	f.finish(t)
	t.Logf("%d were granted and not replicated, and %d of %d were admitted",
		f.total().limits[0].again[0], f.total().spent(), totalLimit)
}

// cutOff ends the replication.
func (f *limitFailover) cutOff(t *testing.T) {
	t.Helper()
	f.standby.Disconnect()
	awaitTrue(t, openDatabase(t, f.databaseURL), `SELECT NOT EXISTS (SELECT 1 FROM pg_stat_replication)`)
}

// spentBucket is a bucket of the store.
type spentBucket struct{ keyID, span string }

func bucketOf(k *spentKey, span string) spentBucket { return spentBucket{keyID(k.secret), span} }

// grant is what is granted in a window, by its start.
type grant struct{ start, granted int64 }

func grantedIn(t *testing.T, db *sql.DB) map[spentBucket]grant {
	t.Helper()
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT api_key_id, span, started_at, granted FROM api_key_limit_counts`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[spentBucket]grant{}
	for rows.Next() {
		var b spentBucket
		var g grant
		if err := rows.Scan(&b.keyID, &b.span, &g.start, &g.granted); err != nil {
			t.Fatal(err)
		}
		all[b] = g
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// loseUnreplicated permits that what only the primary knows is granted again.
func (f *limitFailover) loseUnreplicated(primary, standby map[spentBucket]grant) {
	for _, k := range f.keys {
		for i := range k.limits {
			limit := &k.limits[i]
			bucket := bucketOf(k, limit.span())
			g, replicated := primary[bucket], int64(0)
			if known := standby[bucket]; known.start == g.start {
				replicated = known.granted
			}
			window := int64(0)
			if limit.seconds > 0 {
				window = g.start / limit.seconds
			}
			limit.again = map[int64]int64{window: g.granted - replicated + inFlight(limit.limit)}
		}
	}
}

// inFlight is what may be granted in advance while the counts are read. A limit below 200
// is leased one by one, when a check needs it.
func inFlight(limit int64) int64 {
	if limit < 200 {
		return 0
	}
	return limitReplicas * limit / 100
}

// span is how the store names the window.
func (l spentLimit) span() string {
	_, span, _ := strings.Cut(l.text, "/")
	return strings.TrimSuffix(span, "s")
}
