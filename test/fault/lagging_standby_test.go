package fault

import (
	"net/http"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/pgtest"
)

// lookedAt is how long a disabled key is checked, before the standby catches up
// and after.
const lookedAt, lookedAtSoaking = 3, 60 // seconds

// twoProcesses are one that changes keys, and one that checks them and reads
// them from a standby. The second caches one key, so that two keys that are
// checked in turn are read each time.
type twoProcesses struct {
	primary, standby *pgtest.Server
	databaseURL      string
	changing         *process
	checking         *process
}

func newTwoProcesses(t *testing.T) *twoProcesses {
	t.Helper()
	primary := pgtest.Start(t)
	databaseURL := primary.NewDatabase(t)
	standby := primary.Standby(t)
	d := deploy(t, databaseURL)
	two := &twoProcesses{primary: primary, standby: standby, databaseURL: databaseURL, changing: d.start(t)}
	d.settings.ReadDatabaseURL, d.settings.CacheKeys = standby.URLOf(databaseURL), 1
	two.checking = d.start(t)
	return two
}

// readsStandby waits until the service reads keys from the standby.
func (two *twoProcesses) readsStandby(t *testing.T, secrets ...string) {
	t.Helper()
	db := openDatabase(t, two.standby.URLOf(two.databaseURL))
	eventually(t, "the standby is not read", func() bool {
		for _, secret := range secrets {
			two.checking.mustSay(t, "before the standby is read", secret, "OK")
		}
		return count(t, db, `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%api_key_secrets%'`) > 0
	})
	db.Close()
}

// rename changes the key, so that every process that has cached it reads it
// again.
func (w *world) rename(t *testing.T, secret, name string) {
	t.Helper()
	a := available(t, func() answer {
		return w.call(t, http.MethodPatch, w.url("/"+keyID(secret)), `{"name":"`+name+`"}`)
	})
	if a.status != http.StatusOK {
		t.Fatalf("rename: %d %s", a.status, a.body)
	}
}

// disable disables the key, and returns the time of the response.
func (w *world) disable(t *testing.T, secret string) time.Time {
	t.Helper()
	l := &life{name: keyID(secret), id: keyID(secret), stage: rotated}
	l.insist(t, w)
	return time.Now()
}

// lookout checks in one process a key that another process has disabled.
type lookout struct {
	*twoProcesses
	disabled, other string // secrets
	since           time.Time
	refused         bool // the key was refused once

	asked, unavailable int
	last               time.Duration // of the key being allowed, since the change
}

// look checks the disabled key for that long, and at least until it is refused.
// Between the checks, another key and changes evict it.
func (o *lookout) look(t *testing.T, limit time.Duration) {
	t.Helper()
	begun := time.Now()
	tick := time.NewTicker(trafficPause())
	defer tick.Stop()
	for n := 0; !o.refused || time.Since(begun) < limit; n++ {
		<-tick.C
		o.check(t)
		if n%4 == 3 {
			o.changing.rename(t, o.disabled, "renamed")
		}
		o.checkOther(t)
		if late := time.Since(o.since); !o.refused && late > patience {
			t.Fatalf("%v after the change the key was never refused", late)
		}
	}
}

func (o *lookout) check(t *testing.T) {
	t.Helper()
	late := time.Since(o.since)
	a := o.checking.verify(t, o.disabled)
	o.asked++
	switch {
	case allowed(a) && (o.refused || a.isStale(late)):
		t.Fatalf("%v after the change the key is allowed, refused before: %v", late, o.refused)
	case allowed(a):
		o.last = late
	case says("DISABLED")(a):
		o.refused = true
	case a.status == http.StatusServiceUnavailable:
		o.unavailable++
	default:
		t.Errorf("%v after the change: %d %s", late, a.status, a.body)
	}
}

func (o *lookout) checkOther(t *testing.T) {
	t.Helper()
	switch a := o.checking.verify(t, o.other); {
	case a.status == http.StatusServiceUnavailable:
		o.unavailable++
	case !allowed(a):
		t.Errorf("the other key: %d %s", a.status, a.body)
	}
}

// tell logs the results so far, and resets the counts.
func (o *lookout) tell(t *testing.T, when string) {
	t.Helper()
	t.Logf("%s: a disabled key was checked %d times, and last allowed %v after the change", when, o.asked, o.last.Round(time.Millisecond))
	if o.unavailable > 0 {
		exceeded(t, "%s: %d checks were answered 503", when, o.unavailable)
	}
	o.asked, o.unavailable = 0, 0
}

func TestStandby_AllowsNoRevokedKeyWhenItLagsOrDies(t *testing.T) {
	t.Parallel()
	two := newTwoProcesses(t)
	good, bad := two.changing.newKey(t), two.changing.newKey(t)
	two.readsStandby(t, good, bad)

	two.standby.Exec(`SELECT pg_wal_replay_pause()`)
	awaitTrue(t, openDatabase(t, two.standby.URL("postgres")), `SELECT pg_get_wal_replay_pause_state() = 'paused'`)
	o := &lookout{twoProcesses: two, disabled: bad, other: good, since: two.changing.disable(t, bad)}
	limit := time.Duration(times(t, lookedAt, lookedAtSoaking)) * time.Second
	o.look(t, limit)
	o.tell(t, "a standby that lags")
	two.standby.Exec(`SELECT pg_wal_replay_resume()`)
	o.look(t, limit)
	o.tell(t, "a standby that catches up")

	two.readsStandby(t, good)
	two.standby.Stop(pgtest.Immediate)
	o.look(t, limit/2)
	o.tell(t, "a standby that died")
}
