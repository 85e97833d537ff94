package fault

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// bothWays are the steps of a clock that is corrected, and corrected again.
var bothWays = []time.Duration{time.Hour, 0, -time.Hour, 0}

func TestClock_ofTokens(t *testing.T) {
	t.Parallel()
	c := startClocked(t, "memory://")
	token := c.token
	for _, ahead := range bothWays {
		c.step(t, ahead)
		if a := c.create(t); a.status != http.StatusCreated {
			t.Errorf("a token of now, by a clock ahead by %v: %d %s", ahead, a.status, a.body)
		}
	}
	c.step(t, -time.Hour)
	c.token = token
	if a := c.create(t); a.status != http.StatusUnauthorized {
		t.Errorf("a token from the future: %d %s", a.status, a.body)
	}
	c.clock.ahead.Store(0)
	if a := c.create(t); a.status != http.StatusCreated {
		t.Errorf("a token from before the steps: %d %s", a.status, a.body)
	}
}

func TestClock_ofTheRateLimit(t *testing.T) {
	t.Parallel()
	const perMinute = 60
	c := startClocked(t, "memory://", func(cfg *config.Config) { cfg.ManagementRate = perMinute })
	for _, ahead := range bothWays {
		begun := time.Now()
		for n := 0; c.create(t).status != http.StatusTooManyRequests; n++ {
			if allowed := 2*perMinute + int(time.Since(begun).Seconds()); n > allowed {
				t.Fatalf("nobody is refused after %d requests", n)
			}
		}
		c.step(t, ahead)
		eventually(t, 3*time.Second, "a clock ahead by "+ahead.String()+" keeps clients waiting", func() bool {
			return c.create(t).status == http.StatusCreated
		})
	}
}

func TestClock_ofTheLastUse(t *testing.T) {
	t.Parallel()
	c := startClocked(t, "memory://", func(cfg *config.Config) { cfg.ManagementRate = 0 })
	secret := secretOf(t, c.create(t))
	const flushed = 8 * time.Second // after at most 5
	used := func(ahead time.Duration) func() bool {
		return func() bool {
			c.mustSay(t, "used", secret, "OK")
			text := member(c.call(t, http.MethodGet, c.url("/"+keyID(secret)), "").body, "lastUsedAt")
			last, err := time.Parse(time.RFC3339, text)
			return err == nil && time.Until(last.Add(-ahead)).Abs() < time.Minute
		}
	}
	c.step(t, time.Hour)
	eventually(t, flushed, "the use by a clock ahead is not noted", used(time.Hour))
	c.step(t, 0)
	if !used(time.Hour)() {
		t.Error("the last use went back")
	}
	c.step(t, 2*time.Hour)
	eventually(t, flushed, "once the clock is past the noted use a later one is not", used(2*time.Hour))
}

func TestClock_ofTheChangeFeed(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.NewDatabase(t)
	c := startClocked(t, databaseURL)
	for _, ahead := range bothWays {
		secret := c.knownKey(t)
		c.step(t, ahead)
		disable(t, databaseURL, secret)
		eventually(t, refusedWithin, "a change elsewhere is not seen by a clock ahead by "+ahead.String(), func() bool {
			return strings.Contains(c.verify(t, secret).body, `"reason":"DISABLED"`)
		})
		c.knownKey(t)
	}
}

func TestClock_ofTheOutageGrace(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	c := startClocked(t, server.NewDatabase(t), func(cfg *config.Config) { cfg.OutageGrace = 2 * grace })
	secret := c.knownKey(t)
	server.Stop(pgtest.Immediate)
	stopped := time.Now()

	c.step(t, time.Hour) // as if the machine had been suspended for so long
	mustBeUnavailable(t, "an hour ahead", c.verify(t, secret))
	c.step(t, -time.Hour)
	if a := c.verify(t, secret); !allowed(a) && time.Since(stopped) < grace {
		t.Errorf("within the grace, an hour behind: %d %s", a.status, a.body)
	}
	eventually(t, 2*grace+afterwards, "a clock that is set back lengthens the grace", func() bool {
		return c.verify(t, secret).status == http.StatusServiceUnavailable
	})

	server.Restart()
	for _, ahead := range bothWays {
		c.step(t, ahead)
		eventually(t, backAfter, "checks are not back by a clock ahead by "+ahead.String(), func() bool {
			return allowed(c.verify(t, secret))
		})
	}
}
