package browser

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// clockwork is a service, and a browser, whose clock a test sets.
type clockwork struct {
	now atomic.Int64 // Unix time, in ms
}

func (c *clockwork) set(at time.Time)       { c.now.Store(at.UnixMilli()) }
func (c *clockwork) time() time.Time        { return time.UnixMilli(c.now.Load()) }
func (c *clockwork) option() apikeys.Option { return apikeys.WithClock(c.time) }

// script makes pages believe that it is now, for ever.
func (c *clockwork) script() string { return fmt.Sprintf("Date.now = () => %d", c.now.Load()) }

// check checks a key a number of times.
func check(t *testing.T, service *apikeys.Service, key apikeys.CreatedKey, times int) {
	t.Helper()
	for range times {
		decision, err := service.Authorize(t.Context(), apikeys.Check{Secret: key.Secret, Scopes: []domain.Scope{"job:run"}})
		if err != nil || decision.Verdict != domain.VerdictOK {
			t.Fatalf("Authorize() = %v, %v", decision, err)
		}
	}
}

// awaitUsage waits until a key has so many allowed checks on the last 30 days, and a last use.
func awaitUsage(t *testing.T, ws *apikeys.Workspace, key apikeys.CreatedKey, now time.Time, want int64) {
	t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		usage, err := ws.KeyUsage(t.Context(), key.Key.ID(), domain.LastDays(now))
		if err != nil {
			t.Fatal(err)
		}
		stored, err := ws.GetKey(t.Context(), key.Key.ID())
		if err != nil {
			t.Fatal(err)
		}
		var allowed int64
		for _, day := range usage.Days {
			allowed += day.Allowed
		}
		if allowed == want && !stored.Snapshot().LastUsedAt.IsZero() {
			return
		}
		<-look.C
	}
}

// paced is a script that makes the page's intervals fifty times as short, counts what they
// do and the requests for what is left of limits, hides the page while away is set, and
// fails those requests while down is.
const paced = `(() => {
	const every = window.setInterval.bind(window), ask = window.fetch.bind(window);
	window.turns = window.asked = 0;
	window.setInterval = (act, pause) => every(() => { act(); window.turns++; }, pause / 50);
	window.fetch = (url, init) => {
		if (!new URL(url, location.href).pathname.endsWith('/limits')) return ask(url, init);
		window.asked++;
		return window.down ? Promise.resolve(new Response('{"success":false,"code":"5030","message":"It is down"}', {status: 503})) : ask(url, init);
	};
	Object.defineProperty(document, 'hidden', {get: () => window.away === true});
})()`

func TestConsole_SaysWhatIsLeftOfLimitsAndWhoWouldMissAKey(t *testing.T) {
	t.Parallel()
	clock := new(clockwork)
	clock.set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	service := startConsole(t, nil, clock.option())
	ws := owned(t, service, "mira@acme.example")
	spec := apikeys.KeySpec{Name: "Monthly", Scopes: []string{"job:run"}, Quota: apikeys.QuotaSpec{Limit: 100, Period: "MONTH"}}
	monthly := newKey(t, ws, spec)
	spec.Name, spec.Quota.Period, spec.RateLimits = "Daily", "DAY", []apikeys.RateLimitSpec{{Name: "default", Limit: 4, WindowSeconds: 60}}
	daily := newKey(t, ws, spec)
	spec.Name, spec.Quota, spec.RateLimits = "For ever", apikeys.QuotaSpec{Limit: 50_000, Period: "TOTAL"}, nil
	total := newKey(t, ws, spec)
	check(t, service.Service, monthly, 3)
	check(t, service.Service, daily, 3)
	clock.set(time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC))
	check(t, service.Service, daily, 1)
	awaitUsage(t, ws, daily, clock.time(), 1)
	clock.set(time.Date(2026, 3, 31, 12, 30, 18, 0, time.UTC))
	check(t, service.Service, monthly, 2)
	awaitUsage(t, ws, monthly, clock.time(), 2)

	b := newTab(t, "http://"+service.Public)
	b.beforeScripts(clock.script() + ";" + paced)
	b.signIn("/acme")
	for _, c := range []struct {
		key           apikeys.CreatedKey
		left, deleted string
	}{
		{monthly, "Quota: 95 of 100 left · resets in 12 hours", "The key is in use: last used now. 2 checks were allowed today (UTC)."},
		{daily, "Rate limit default: 4 of 4 left · resets in 42 seconds\nQuota: 99 of 100 left · resets in 12 hours", "Last used 3 hours ago. 1 check was allowed today (UTC)."},
		{total, "Quota: 50,000 of 50,000 left · never resets", "The key was never used."},
	} {
		b.press("API keys")
		b.press(c.key.Key.Snapshot().Name.String())
		b.shows("Audit trail")
		b.await("!document.querySelector('.waiting')")
		b.await(limitsLeft + ".replace(/4[012] seconds/, '42 seconds') === " + quoted(c.left))
		b.press("Delete")
		b.await("document.querySelector('dialog .notice')?.innerText.trim() === " + quoted(c.deleted))
		b.press("Cancel")
	}
	b.mustFollowLimits(t, service.Service, total)
	b.visit.mustBeClean(t, b.origin)
}

// limitsLeft is what the page of a key shows as left of each of its limits, one a line.
const limitsLeft = `[...document.querySelectorAll('.left')].map(e => e.parentElement.querySelector('dt').innerText + ': ' + e.querySelector('p')?.innerText).join('\n')`

// mustFollowLimits fails the test unless the page of a key, whose quota is 50,000, follows
// the checks of it while it is visible.
func (b *tab) mustFollowLimits(t *testing.T, service *apikeys.Service, key apikeys.CreatedKey) {
	t.Helper()
	meter := func() string {
		return eval[string](b, "['aria-valuemin', 'aria-valuenow', 'aria-valuemax', 'aria-valuetext'].map(a => document.querySelector('[role=meter]').getAttribute(a)).join('|') + '|' + document.querySelector('.meter rect').getAttribute('width')")
	}
	eval[bool](b, "(document.querySelector('.key-actions button').focus(), true)")
	check(t, service, key, 2)
	b.shows("49,998 of 50,000 left")
	if got, want := meter(), "0|49998|50000|49,998 of 50,000 left|99.996"; got != want {
		t.Errorf("the meter is %s, want %s", got, want)
	}
	if !eval[bool](b, "document.activeElement.matches('.key-actions button')") {
		t.Error("what is left takes the focus away")
	}

	eval[bool](b, "(window.away = true)")
	check(t, service, key, 1)
	before := eval[int](b, "(window.seen = window.turns, window.asked)")
	b.await("window.turns > window.seen + 50")
	if asked := eval[int](b, "window.asked"); asked != before {
		t.Errorf("a hidden page asks %d times what is left", asked-before)
	}
	eval[bool](b, "(window.away = false, document.dispatchEvent(new Event('visibilitychange')))")
	b.shows("49,997 of 50,000 left")

	eval[bool](b, "(window.down = true)")
	b.await("document.querySelector('section[aria-labelledby=limits] .notice')?.innerText.startsWith('It is down')")
	if !eval[bool](b, "document.body.innerText.includes('49,997 of 50,000 left')") {
		t.Error("what was known is gone")
	}
	eval[bool](b, "(window.down = false, true)")
	b.await("!document.querySelector('section[aria-labelledby=limits] .notice')")

	for range 9 {
		spend(t, service, key, "192.0.2.7", "job:run", 5_000)
	}
	b.shows("4,997 of 50,000 left")
	b.present(".meter .low")
	spend(t, service, key, "192.0.2.7", "job:run", 4_997)
	b.shows("0 of 50,000 left")
	if got, want := meter(), "0|0|50000|0 of 50,000 left|0"; got != want {
		t.Errorf("the meter is %s, want %s", got, want)
	}
}

// spend makes a check of that cost.
func spend(t *testing.T, service *apikeys.Service, key apikeys.CreatedKey, from string, scope domain.Scope, units int64) {
	t.Helper()
	cost, faults := domain.ParseCost(units)
	if faults != nil {
		t.Fatal(faults)
	}
	check := apikeys.Check{Secret: key.Secret, Scopes: []domain.Scope{scope}, Addr: netip.MustParseAddr(from), Cost: cost}
	if _, err := service.Authorize(t.Context(), check); err != nil {
		t.Fatal(err)
	}
}
