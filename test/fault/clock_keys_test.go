package fault

import (
	"net/http"
	"testing"
	"time"
)

// What ends by the wall clock ends when that clock says so. A step of the clock
// has no lasting effect: once the clock is correct again, so are the results.

func TestClock_KeyExpiry(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, databaseURL string) {
		c := startClocked(t, databaseURL)
		secret := c.newKey(t, `"expiresAt":"`+at(30*time.Minute)+`"`)
		for _, s := range []struct {
			when   string
			ahead  time.Duration
			reason string
		}{
			{"at first", 0, "OK"},
			{"an hour ahead", time.Hour, "EXPIRED"},
			{"right again", 0, "OK"},
			{"an hour behind", -time.Hour, "OK"},
			{"when it has come", 31 * time.Minute, "EXPIRED"},
			{"an hour behind that", -29 * time.Minute, "OK"},
			{"right again, past the end", 31 * time.Minute, "EXPIRED"},
		} {
			c.step(t, s.ahead)
			c.mustSay(t, s.when, secret, s.reason)
		}
	})
}

func TestClock_RotationGrace(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, databaseURL string) {
		c := startClocked(t, databaseURL)
		first := c.newKey(t)
		second := c.rotate(t, first, "1800")
		c.steps(t, second, map[string]string{first: "NOT_FOUND"}, time.Hour)
		c.steps(t, second, map[string]string{first: "OK"}, 0, -time.Hour)
		c.steps(t, second, map[string]string{first: "NOT_FOUND"}, 31*time.Minute)

		c.step(t, time.Hour)
		third := c.rotate(t, second, "1800") // until 90 minutes from now
		c.steps(t, third, map[string]string{first: "NOT_FOUND", second: "OK"}, time.Hour, 0, -time.Hour)
		c.steps(t, third, map[string]string{first: "NOT_FOUND", second: "NOT_FOUND"}, 91*time.Minute)

		c.step(t, time.Hour)
		fourth := c.rotate(t, third, "0")
		c.steps(t, fourth, map[string]string{second: "NOT_FOUND", third: "NOT_FOUND"}, time.Hour, 0, -time.Hour)
	})
}

// steps sets the clock in steps, and checks the current secret and old ones
// after each.
func (c *clocked) steps(t *testing.T, current string, old map[string]string, ahead ...time.Duration) {
	t.Helper()
	for _, d := range ahead {
		c.step(t, d)
		c.mustSay(t, "the current secret, by a clock ahead by "+d.String(), current, "OK")
		for secret, reason := range old {
			c.mustSay(t, "an old secret, by a clock ahead by "+d.String(), secret, reason)
		}
	}
}

func TestClock_IdempotencyKeys(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, databaseURL string) {
		c := startClocked(t, databaseURL)
		for key, made := range map[string]time.Duration{
			"made-at-the-right-time": 0, "made-an-hour-ahead": time.Hour, "made-an-hour-behind": -time.Hour,
		} {
			c.step(t, made)
			first := c.createUnder(t, key)
			for _, ahead := range []time.Duration{time.Hour, 0, -time.Hour, 22 * time.Hour, 0} {
				c.step(t, ahead)
				if again := c.createUnder(t, key); !again.replayed || member(again.body, "apiKeyId") != member(first.body, "apiKeyId") {
					t.Errorf("%s, with a clock ahead by %v: %d %s", key, ahead, again.status, again.body)
				}
			}
			c.step(t, 26*time.Hour)
			if a := c.createUnder(t, key); a.replayed {
				t.Errorf("%s: it never expires", key)
			}
		}
	})
}

// createUnder creates a key with an idempotency key.
func (c *clocked) createUnder(t *testing.T, key string) answer {
	t.Helper()
	a := available(t, func() answer {
		return c.call(t, http.MethodPost, c.url(""), `{"name":"k"}`, func(h http.Header) { h.Set("Idempotency-Key", key) })
	})
	if a.status != http.StatusCreated {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	return a
}
