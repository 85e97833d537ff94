package webhooks

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// prove makes a receiver proven.
func prove(t *testing.T, r *roster, id domain.WebhookID, at string) {
	t.Helper()
	ticket, ok := r.admit(id, at, start)
	if !ok {
		t.Fatalf("%s is not admitted", id)
	}
	r.end(ticket, resultDelivered, time.Millisecond, start)
}

func TestRoster_HangingReceiversLeaveHalfOfTheRoom(t *testing.T) {
	t.Parallel()
	r := newRoster()
	prove(t, r, "wh_good", "good:443")
	admitted := 0
	for i := range 2 * maxInFlight {
		if _, ok := r.admit(domain.WebhookID(fmt.Sprint("wh_", i)), fmt.Sprint("host", i, ":443"), start); ok {
			admitted++
		}
	}
	if admitted != maxUnproven {
		t.Errorf("%d attempts to unproven receivers are in flight, want %d", admitted, maxUnproven)
	}
	if _, ok := r.admit("wh_good", "good:443", start); !ok {
		t.Error("a proven receiver is held up")
	}
	full := r.full(start)
	if slices.Contains(full, "wh_good") || !slices.Contains(full, "wh_1") {
		t.Errorf("full are %v", full)
	}
}

func TestRoster_OneWebhookDoesNotTakeItsHostFromOthers(t *testing.T) {
	t.Parallel()
	r := newRoster()
	prove(t, r, "wh_good", "shared:443")
	for i := range 2 * maxPerHost {
		r.admit(domain.WebhookID(fmt.Sprint("wh_", i)), "shared:443", start)
	}
	if r.inFlight != maxUnprovenHost {
		t.Errorf("%d attempts are in flight at the host, want %d", r.inFlight, maxUnprovenHost)
	}
	if _, ok := r.admit("wh_good", "shared:443", start); !ok {
		t.Error("a proven receiver is held up")
	}
}

func TestRoster_TheWindowOfAWebhookGrowsAndShrinks(t *testing.T) {
	t.Parallel()
	r := newRoster()
	for range 100 {
		prove(t, r, "wh_1", "a:443")
	}
	if got := r.webhooks["wh_1"].window; got != maxWindow {
		t.Errorf("the window is %d, want %d", got, maxWindow)
	}
	for _, c := range []struct {
		got  result
		took time.Duration
		want int
	}{{resultTimeout, 15 * time.Second, 8}, {resultDelivered, 6 * time.Second, 4}, {resultStopped, time.Second, 4}, {resultRejected, time.Second, 5}, {resultBroken, 0, 2}, {resultForbidden, 0, 1}, {resultTimeout, 0, 1}} {
		ticket, ok := r.admit("wh_1", "a:443", start)
		if !ok {
			t.Fatal("not admitted")
		}
		r.end(ticket, c.got, c.took, start)
		if got := r.webhooks["wh_1"].window; got != c.want {
			t.Errorf("after %s in %v the window is %d, want %d", c.got, c.took, got, c.want)
		}
	}
}

func TestRoster_AdmitsNoMoreThanTheWindow(t *testing.T) {
	t.Parallel()
	r := newRoster()
	prove(t, r, "wh_1", "a:443")
	window, admitted := r.webhooks["wh_1"].window, 0
	for range 2 * window {
		if _, ok := r.admit("wh_1", "a:443", start); ok {
			admitted++
		}
	}
	if admitted != window {
		t.Errorf("%d attempts were admitted, want %d", admitted, window)
	}
	if full := r.full(start); !slices.Contains(full, "wh_1") {
		t.Errorf("full are %v", full)
	}
}

func TestRoster_TheBreakerOfAHostOpensAndLetsOneAttemptThrough(t *testing.T) {
	t.Parallel()
	r := newRoster()
	now := start
	fail := func() {
		t.Helper()
		ticket, ok := r.admit("wh_1", "down:443", now)
		if !ok {
			t.Fatalf("not admitted at %v", now.Sub(start))
		}
		if _, more := r.admit("wh_2", "down:443", now); more && !r.hosts["down:443"].until.IsZero() {
			t.Error("two attempts show whether the host is back")
		}
		r.end(ticket, resultUnreachable, time.Second, now)
	}
	for range breakerFailures {
		fail()
		r.hosts["down:443"].inFlight, r.inFlight = 0, 0 // of wh_2
	}
	for _, pause := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		now = now.Add(pause - 1)
		if _, ok := r.admit("wh_1", "down:443", now); ok {
			t.Fatalf("admitted before the end of the pause of %v", pause)
		}
		if !slices.Contains(r.full(now), "wh_1") || r.paused() != 1 {
			t.Errorf("full are %v, %d paused", r.full(now), r.paused())
		}
		now = now.Add(1)
		fail()
	}
	now = now.Add(time.Minute)
	ticket, _ := r.admit("wh_1", "down:443", now)
	r.end(ticket, resultRejected, time.Second, now)
	if r.paused() != 0 {
		t.Error("a host that responds is still paused")
	}
}

func TestRoster_BadResponsesDoNotPauseAHost(t *testing.T) {
	t.Parallel()
	r := newRoster()
	for _, got := range []result{resultTimeout, resultRejected, resultBroken, resultForbidden, resultGone} {
		for range 10 {
			ticket, ok := r.admit("wh_1", "a:443", start)
			if !ok {
				t.Fatal("not admitted")
			}
			r.end(ticket, got, time.Second, start)
		}
	}
	if r.paused() != 0 {
		t.Error("the host is paused")
	}
}

// Whatever happens, in any order, the number of attempts in flight is bounded, and
// nothing is left in the roster when all have ended.
func TestRoster_CountsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, now := newRoster(), start
		var open []ticket
		for range rapid.IntRange(0, 300).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "passed")))
			if len(open) > 0 && rapid.IntRange(0, 3).Draw(t, "end") == 0 {
				i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				r.end(open[i], rapid.SampledFrom(results[:]).Draw(t, "result"), time.Second, now)
				open = slices.Delete(open, i, i+1)
				continue
			}
			id := domain.WebhookID(fmt.Sprint("wh_", rapid.IntRange(0, 30).Draw(t, "webhook")))
			full := r.full(now)
			ticket, ok := r.admit(id, fmt.Sprint("host", rapid.IntRange(0, 3).Draw(t, "host")), now)
			if ok {
				open = append(open, ticket)
			}
			if !ok && !slices.Contains(full, id) && r.webhooks[id] != nil && r.webhooks[id].host == ticket.host {
				t.Fatalf("%s was not full, but was not admitted", id)
			}
			if r.inFlight != len(open) || r.inFlight > maxInFlight || r.unproven > maxUnproven {
				t.Fatalf("%d in flight, %d unproven, want %d", r.inFlight, r.unproven, len(open))
			}
			for name, h := range r.hosts {
				if h.inFlight > maxPerHost || h.unproven > maxUnprovenHost || h.unproven > h.inFlight || h.unproven < 0 {
					t.Fatalf("%s: %+v", name, h)
				}
			}
		}
		for _, ticket := range open {
			r.end(ticket, resultDelivered, time.Second, now)
		}
		if r.inFlight != 0 || r.unproven != 0 {
			t.Fatalf("%d in flight, %d unproven at the end", r.inFlight, r.unproven)
		}
		now = now.Add(rememberedFor + time.Hour)
		r.full(now)
		if len(r.webhooks)+len(r.hosts) != 0 {
			t.Fatal("receivers are never forgotten")
		}
	})
}

func TestRoster_RemembersABoundedNumber(t *testing.T) {
	t.Parallel()
	r := newRoster()
	for i := range maxRemembered + 100 {
		if ticket, ok := r.admit(domain.WebhookID(fmt.Sprint("wh_", i)), fmt.Sprint("host", i), start); ok {
			r.end(ticket, resultDelivered, time.Second, start)
		}
	}
	if len(r.webhooks) > maxRemembered || len(r.hosts) > maxRemembered {
		t.Errorf("%d webhooks and %d hosts", len(r.webhooks), len(r.hosts))
	}
}

func TestHostOf_NamesThePort(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://Example.com/x": "example.com:443", "https://example.com.:8443": "example.com:8443", "http://[::1]": "[::1]:80", "https://[": "",
	} {
		if got := hostOf(url); got != want {
			t.Errorf("%s is at %q, want %q", url, got, want)
		}
	}
}

func TestRoster_BusyWebhooksAreClaimedAsTheyAreAdmitted(t *testing.T) {
	t.Parallel()
	r := newRoster()
	var shared []domain.WebhookID
	for range 100 {
		prove(t, r, "wh_1", "a:443")
		for i := range 8 {
			id := domain.WebhookID(fmt.Sprint("wh_shared", i))
			prove(t, r, id, "shared:443")
			if len(shared) < 8 {
				shared = append(shared, id)
			}
		}
	}
	prove(t, r, "wh_new", "new:443")
	for name, c := range map[string]struct {
		busy  []domain.WebhookID
		found int
		want  int
	}{
		"none is busy":                       {nil, 1, claimPerWebhook},
		"one that responds in time":          {[]domain.WebhookID{"wh_1"}, 1, maxWindow},
		"one that is unknown":                {[]domain.WebhookID{"wh_1", "wh_unknown"}, 2, claimPerWebhook},
		"one with a small window":            {[]domain.WebhookID{"wh_1", "wh_new"}, 2, firstWindow + 1},
		"all at one host, which they share":  {shared, 8, maxPerHost / 8},
		"one of many that may all be busy":   {[]domain.WebhookID{"wh_1"}, maxInFlight / 4, 4},
		"one of more than there is room for": {[]domain.WebhookID{"wh_1"}, maxInFlight, claimPerWebhook},
	} {
		if got := r.atOnce(c.busy, c.found); got != c.want {
			t.Errorf("%s: %d at once, want %d", name, got, c.want)
		}
	}
	for range maxWindow {
		r.admit("wh_1", "a:443", start)
	}
	if got := r.atOnce([]domain.WebhookID{"wh_1"}, 1); got != claimPerWebhook {
		t.Errorf("one that is full: %d at once, want %d", got, claimPerWebhook)
	}
}
