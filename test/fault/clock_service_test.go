package fault

import (
	"net/http"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// bothWays are steps of a clock forward and back.
var bothWays = []time.Duration{time.Hour, 0, -time.Hour, 0}

func TestClock_Tokens(t *testing.T) {
	t.Parallel()
	c := startClocked(t, "memory://")
	token := c.token
	for _, ahead := range bothWays {
		c.step(t, ahead)
		if a := c.create(t); a.status != http.StatusCreated {
			t.Errorf("a current token, with a clock ahead by %v: %d %s", ahead, a.status, a.body)
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

func TestClock_RateLimit(t *testing.T) {
	t.Parallel()
	const perMinute = 60
	c := startClocked(t, "memory://", func(cfg *config.Config) { cfg.ManagementRate = perMinute })
	for _, ahead := range bothWays {
		begun := time.Now()
		for n := 0; c.create(t).status != http.StatusTooManyRequests; n++ {
			if allowed := 2*perMinute + int(time.Since(begun).Seconds()); n > allowed {
				t.Fatalf("no request is refused after %d", n)
			}
		}
		c.step(t, ahead)
		eventually(t, "a clock ahead by "+ahead.String()+" keeps clients waiting", func() bool {
			a := c.create(t)
			if a.status == http.StatusTooManyRequests && a.retryAfter != "1" {
				t.Errorf("a clock ahead by %v: clients wait %s s, want 1", ahead, a.retryAfter)
			}
			return a.status == http.StatusCreated
		})
	}
}

func TestClock_LastUse(t *testing.T) {
	t.Parallel()
	c := startClocked(t, "memory://", func(cfg *config.Config) { cfg.ManagementRate = 0 })
	secret := c.newKey(t)
	used := func(ahead time.Duration) func() bool {
		return func() bool {
			c.mustSay(t, "used", secret, "OK")
			text := member(c.call(t, http.MethodGet, c.url("/"+keyID(secret)), "").body, "lastUsedAt")
			last, err := time.Parse(time.RFC3339, text)
			return err == nil && time.Until(last.Add(-ahead)).Abs() < time.Minute
		}
	}
	c.step(t, time.Hour)
	eventually(t, "the use by a clock ahead is not noted", used(time.Hour))
	c.step(t, 0)
	if !used(time.Hour)() {
		t.Error("the last use went back")
	}
	c.step(t, 2*time.Hour)
	eventually(t, "once the clock is past the noted use a later one is not", used(2*time.Hour))
}

func TestClock_ChangeFeed(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.NewDatabase(t)
	c := startClocked(t, databaseURL)
	for _, ahead := range bothWays {
		secret := c.knownKey(t)
		c.step(t, ahead)
		disable(t, databaseURL, secret)
		t.Logf("with a clock ahead by %v", ahead)
		c.mustRefuse(t, secret, time.Now())
		c.knownKey(t)
	}
}

func TestClock_OutageGrace(t *testing.T) {
	t.Parallel()
	server := startDurable(t)
	c := startClocked(t, server.NewDatabase(t), func(cfg *config.Config) { cfg.OutageGrace = 2 * grace })
	secret := c.knownKey(t)
	known := c.feed(t)
	server.Stop(pgtest.Immediate)
	stopped := time.Now() // the last successful poll was sent before

	c.step(t, time.Hour) // as if the machine had been suspended that long
	mustBeUnavailable(t, "an hour ahead", c.verify(t, secret))
	c.step(t, -time.Hour)
	if a := c.verify(t, secret); !allowed(a) && time.Now().Before(known.confirmed.Add(2*grace)) && c.stillKnown(t, known) {
		t.Errorf("within the grace, an hour behind: %d %s", a.status, a.body)
	}
	eventually(t, "a clock that is set back lengthens the grace for good", func() bool {
		sent := time.Now()
		a := c.verify(t, secret)
		if late := sent.Sub(stopped); allowed(a) && late > 2*grace {
			t.Fatalf("allowed %v after the loss, with a clock that is set back", late)
		}
		return a.status == http.StatusServiceUnavailable
	})

	server.Restart()
	for _, ahead := range bothWays {
		c.step(t, ahead)
		began := time.Now()
		c.mustSay(t, "by a clock ahead by "+ahead.String(), secret, "OK")
		if took := time.Since(began); took > backAfter {
			exceeded(t, "checks are back after %v by a clock ahead by %v", took, ahead)
		}
	}
}
