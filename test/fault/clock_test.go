package fault

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
)

// wallClock is the clock of this machine, whose wall time can be set. As when
// the time of a machine is corrected, the monotonic reading does not change.
type wallClock struct{ ahead atomic.Int64 } // seconds

// now changes only the wall seconds of a time, which package time stores above
// 30 bits of nanoseconds. Add would change the monotonic reading too.
func (c *wallClock) now() time.Time {
	t := time.Now()
	*(*uint64)(unsafe.Pointer(&t)) += uint64(c.ahead.Load()) << 30 // a step back wraps around, as it must
	return t
}

func TestWallClock_StepsWithoutTheMonotonicClock(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]int64{"forward": 3600, "back": -3600} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c wallClock
			before := c.now()
			c.ahead.Store(ahead)
			after := c.now()
			if passed := after.Sub(before); passed < 0 || passed > time.Minute {
				t.Errorf("the monotonic reading moved by %v", passed)
			}
			if moved := after.Unix() - before.Unix(); moved < ahead || moved > ahead+60 {
				t.Errorf("the wall moved by %d s, want %d", moved, ahead)
			}
		})
	}
}

// clocked is a service whose wall clock can be set, together with that of its
// token issuer.
type clocked struct {
	*world
	clock  *wallClock
	issuer *jwttest.Issuer
}

func startClocked(t *testing.T, databaseURL string, edits ...func(*config.Config)) *clocked {
	t.Helper()
	c := &clocked{clock: new(wallClock), issuer: jwttest.NewIssuer(t)}
	c.issuer.SetClock(c.clock.now)
	c.world = startWith(t, c.issuer, databaseURL, c.clock.now, edits...)
	return c
}

// step sets the wall clock ahead of the true time, or behind it if ahead is
// negative.
func (c *clocked) step(t *testing.T, ahead time.Duration) {
	t.Helper()
	c.clock.ahead.Store(int64(ahead / time.Second))
	c.token = ownerToken(t, c.issuer)
}

// at returns an instant in true time, as requests write it.
func at(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }

func (w *world) url(path string) string {
	return w.public + "/web/v1/workspaces/" + workspace + "/api-keys" + path
}

func (w *world) rotate(t *testing.T, secret, grace string) string {
	t.Helper()
	a := available(t, func() answer {
		return w.call(t, http.MethodPost, w.url("/"+keyID(secret)+"/rotate"), `{"gracePeriodSeconds":`+grace+`}`)
	})
	if a.status != http.StatusOK {
		t.Fatalf("rotate: %d %s", a.status, a.body)
	}
	return member(a.body, "secret")
}

// mustSay checks the secret and compares the result with reason.
func (w *world) mustSay(t *testing.T, when, secret, reason string) {
	t.Helper()
	if a := available(t, func() answer { return w.verify(t, secret) }); !says(reason)(a) {
		t.Errorf("%s: %d %s, want %s", when, a.status, a.body, reason)
	}
}
