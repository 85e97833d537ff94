package fault

import (
	"net/http"
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
	server := pgtest.Start(t, pgtest.WithDurability())
	w := start(t, server.NewDatabase(t), func(cfg *config.Config) { cfg.OutageGrace = grace })
	secret := w.knownKey(t)
	confirmed := w.feed(t).confirmed

	server.Stop(pgtest.Immediate)
	stopped := time.Now() // the last successful poll was sent before
	answered := 0
	for after := 0; after == 0 || time.Since(stopped) < grace+afterwards; {
		sent := time.Now()
		a := w.verify(t, secret)
		switch {
		case sent.After(stopped.Add(grace)):
			mustBeUnavailable(t, "after the grace", a)
			after++
		case allowed(a):
			answered++
		case time.Now().Before(confirmed.Add(grace)) || a.status != http.StatusServiceUnavailable:
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
}

func (w *world) feed(t *testing.T) feed {
	t.Helper()
	asked := time.Now()
	text := w.call(t, http.MethodGet, w.internal+"/metrics", "").body
	lag := min(metric(t, text, "apikeys_feed_lag_seconds"), time.Hour.Seconds()) // +Inf before the first poll
	return feed{
		confirmed: asked.Add(-time.Duration(lag * float64(time.Second))),
		evicted:   gauge(t, text, "apikeys_feed_evictions_total"),
	}
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
		told := now.evicted != before.evicted
		before = now
		return !told
	})
	return secret
}

func allowed(a answer) bool { return says("OK")(a) }
