package fault

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	// refusedWithin is how soon a change is in force on another process.
	refusedWithin = time.Second
	// lookedAt is for how long a refused key is asked for, before the standby
	// catches up and after.
	lookedAt, lookedAtSoaking = 3, 60 // seconds
)

// twoProcesses are one that changes keys, and one that checks them and reads
// them from a standby. That has room for one key, so that two which are asked
// for in turn are read each time.
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

// readsStandby waits until keys are read from the standby.
func (two *twoProcesses) readsStandby(t *testing.T, secrets ...string) {
	t.Helper()
	db := openDatabase(t, two.standby.URLOf(two.databaseURL))
	eventually(t, recovery, "the standby is not read", func() bool {
		for _, secret := range secrets {
			two.mustAllow(t, secret)
		}
		return count(t, db, `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%api_key_secrets%'`) > 0
	})
	db.Close()
}

func (two *twoProcesses) mustAllow(t *testing.T, secret string) {
	t.Helper()
	if a := two.checking.verify(t, secret); !allowed(a) {
		t.Fatalf("%d %s", a.status, a.body)
	}
}

// rename changes the key, so that whoever holds it in memory reads it again.
func (w *world) rename(t *testing.T, secret, name string) {
	t.Helper()
	a := w.call(t, http.MethodPatch, w.public+"/web/v1/workspaces/"+workspace+"/api-keys/"+keyID(secret), `{"name":"`+name+`"}`)
	if a.status != http.StatusOK {
		t.Fatalf("rename: %d %s", a.status, a.body)
	}
}

func (w *world) disable(t *testing.T, secret string) {
	t.Helper()
	l := &life{name: keyID(secret), id: keyID(secret), stage: rotated}
	if a, err := l.next(t.Context(), w); err != nil || a.status != http.StatusOK {
		t.Fatalf("disable: %d %s, %v", a.status, a.body, err)
	}
}

// askedFor checks a disabled key for so long, evicted in between by another
// key, and by changes, and returns how often, and how long after the change it
// was last allowed.
func (two *twoProcesses) askedFor(t *testing.T, limit time.Duration, disabled, other string, since time.Time) (n int, last time.Duration) {
	t.Helper()
	refused := false
	for begun := time.Now(); time.Since(begun) < limit; n++ {
		asked := time.Since(since)
		a := two.checking.verify(t, disabled)
		switch {
		case allowed(a) && refused:
			t.Fatalf("%v after the change the key is allowed again", asked)
		case allowed(a):
			last = asked
		case !strings.Contains(a.body, `"reason":"DISABLED"`):
			t.Errorf("%v after the change: %d %s", asked, a.status, a.body)
		default:
			refused = true
		}
		if n%16 == 15 {
			two.changing.rename(t, disabled, "renamed")
		}
		two.mustAllow(t, other)
	}
	return n, last
}

func TestStandby_thatLagsAndDies(t *testing.T) {
	t.Parallel()
	two := newTwoProcesses(t)
	good, bad := secretOf(t, two.changing.create(t)), secretOf(t, two.changing.create(t))
	two.readsStandby(t, good, bad)

	two.standby.Exec(`SELECT pg_wal_replay_pause()`)
	awaitTrue(t, openDatabase(t, two.standby.URL("postgres")), `SELECT pg_get_wal_replay_pause_state() = 'paused'`)
	two.changing.disable(t, bad)
	disabled := time.Now()
	limit := time.Duration(times(t, lookedAt, lookedAtSoaking)) * time.Second
	n, last := two.askedFor(t, limit, bad, good, disabled)
	two.standby.Exec(`SELECT pg_wal_replay_resume()`)
	after, late := two.askedFor(t, limit, bad, good, disabled)
	if late != 0 || last > refusedWithin {
		t.Errorf("a disabled key is allowed %v after it was, and %v after once the standby catches up", last, late)
	}
	t.Logf("a standby that lags: a disabled key was asked for %d times, and last allowed %v after; %d times more while the standby caught up",
		n, last.Round(time.Millisecond), after)

	two.readsStandby(t, good)
	two.standby.Stop(pgtest.Immediate)
	n, last = two.askedFor(t, limit/2, bad, good, disabled)
	if last != 0 {
		t.Errorf("a disabled key is allowed %v after it was", last)
	}
	t.Logf("a standby that died: %d checks of each key, all answered", n)
}
