package fault

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	grace = 2 * time.Second
	// afterwards is how long the test continues after a deadline.
	afterwards = 500 * time.Millisecond
	// backAfter is how soon after its database the service must recover.
	backAfter = time.Second
)

func TestOutage_AcceptsCachedKeysUntilTheGraceEnds(t *testing.T) {
	t.Parallel()
	server := startDurable(t)
	w := start(t, server.NewDatabase(t), func(cfg *config.Config) { cfg.OutageGrace = grace })
	secret := w.knownKey(t)
	known := w.feed(t)

	server.Stop(pgtest.Immediate)
	stopped := time.Now() // the last successful poll was sent before
	answered := 0
	tick := time.NewTicker(trafficPause())
	defer tick.Stop()
	for after := 0; after == 0 || time.Since(stopped) < grace+afterwards; <-tick.C {
		sent := time.Now()
		a := w.verify(t, secret)
		switch {
		case sent.After(stopped.Add(grace)):
			mustBeUnavailable(t, "after the grace", a)
			after++
		case allowed(a):
			answered++
		case a.status != http.StatusServiceUnavailable, time.Now().Before(known.confirmed.Add(grace)) && w.stillKnown(t, known):
			t.Errorf("within the grace: %d %s", a.status, a.body)
		}
	}
	t.Logf("allowed %d times while the database was down", answered)

	server.Restart()
	returned := time.Now()
	w.mustSay(t, "after the database came back", secret, "OK")
	if late := time.Since(returned); late > backAfter {
		exceeded(t, "checks are back after %v, want %v", late, backAfter)
	}
}

// feed is the state of a service's change feed.
type feed struct {
	confirmed time.Time // at the latest, when the last successful poll was sent
	evicted   int       // keys, since the start
	lost      int       // times every key was evicted, since the start; an older build does not count them
}

func (w *world) feed(t *testing.T) feed {
	t.Helper()
	asked := time.Now()
	text := w.call(t, http.MethodGet, w.internal+"/metrics", "").body
	lag := min(metric(t, text, "apikeys_feed_lag_seconds"), time.Hour.Seconds()) // +Inf before the first poll
	f := feed{
		confirmed: asked.Add(-time.Duration(lag * float64(time.Second))),
		evicted:   gauge(t, text, "apikeys_feed_evictions_total"),
	}
	if strings.Contains(text, "\napikeys_feed_losses_total ") {
		f.lost = gauge(t, text, "apikeys_feed_losses_total")
	}
	return f
}

// knownKey creates a key and uses it until it stays cached: until a poll that
// was sent after the feed had reported the create reports nothing more.
func (w *world) knownKey(t *testing.T) (secret string) {
	t.Helper()
	secret = w.newKey(t)
	before := feed{confirmed: time.Now()}
	eventually(t, "the key does not stay in memory", func() bool {
		w.mustSay(t, "a key that was just made", secret, "OK")
		now := w.feed(t)
		if !now.confirmed.After(before.confirmed) {
			return false
		}
		told := now.evicted != before.evicted || now.lost != before.lost
		before = now
		return !told
	})
	return secret
}

// stillKnown reports whether a key that was in memory at before still is. It is
// not if the feed has since lost its connection while the database was up, as
// it does if a busy machine takes longer than a poll may.
func (w *world) stillKnown(t *testing.T, before feed) bool {
	t.Helper()
	if w.feed(t).lost == before.lost {
		return true
	}
	t.Log("not judged: the feed had lost its connection before the database was stopped")
	return false
}

func allowed(a answer) bool { return says("OK")(a) }
