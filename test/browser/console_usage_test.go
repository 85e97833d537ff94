package browser

import (
	"fmt"
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

func TestConsole_SaysWhatIsKnownOfAQuotaAndWhoWouldMissAKey(t *testing.T) {
	t.Parallel()
	clock := new(clockwork)
	clock.set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	service := startConsole(t, nil, clock.option())
	ws := owned(t, service, "mira@acme.example")
	spec := apikeys.KeySpec{Name: "Monthly", Scopes: []string{"job:run"}, Quota: apikeys.QuotaSpec{Limit: 100, Period: "MONTH"}}
	monthly := newKey(t, ws, spec)
	spec.Name, spec.Quota.Period = "Daily", "DAY"
	daily := newKey(t, ws, spec)
	spec.Name, spec.Quota.Period = "For ever", "TOTAL"
	total := newKey(t, ws, spec)
	check(t, service.Service, monthly, 3)
	check(t, service.Service, daily, 3)
	clock.set(time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC)) // 31 days, one more than the chart has
	check(t, service.Service, daily, 1)
	awaitUsage(t, ws, daily, clock.time(), 1)
	clock.set(time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC))
	check(t, service.Service, monthly, 2)
	awaitUsage(t, ws, monthly, clock.time(), 2)
	clock.set(time.Date(2026, 3, 31, 12, 30, 0, 0, time.UTC))

	b := newTab(t, "http://"+service.Public)
	b.beforeScripts(clock.script())
	b.signIn("/acme")
	for _, c := range []struct {
		key                 apikeys.CreatedKey
		quota, use, deleted string
	}{
		{monthly, "100 per month", "5 checks were allowed this month (UTC).", "The key is in use: last used 30 minutes ago. 2 checks were allowed today (UTC)."},
		{daily, "100 per day", "1 check was allowed today (UTC).", "Last used 2 hours ago. 1 check was allowed today (UTC)."},
		{total, "100 in total", "", "The key was never used."},
	} {
		b.press("API keys")
		b.press(c.key.Key.Snapshot().Name.String())
		b.shows("Audit trail")
		b.shows(c.quota)
		b.await("!document.querySelector('.waiting')")
		if c.use != "" {
			b.shows(c.use)
			b.shows("This counts checks, not their cost")
		} else if eval[bool](b, "document.body.innerText.includes('This counts checks')") {
			t.Error("the page claims to know what a quota in total has allowed")
		}
		b.press("Delete")
		b.await("document.querySelector('dialog .notice')?.innerText.trim() === " + quoted(c.deleted))
		b.press("Cancel")
	}
	b.visit.mustBeClean(t, b.origin)
}
