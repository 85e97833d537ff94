package webhooks

import (
	"maps"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Bounds of the attempts in flight in one process. A receiver is unproven until it has
// responded in time. All unproven receivers together may use half of each bound, so
// that the others are not held up, however many of them hang.
const (
	maxInFlight      = 256
	maxUnproven      = maxInFlight / 2
	maxPerHost       = 32
	maxUnprovenHost  = maxPerHost / 2
	firstWindow      = 2 // attempts in flight of a webhook that was never called
	maxWindow        = 16
	inTime           = 5 * time.Second
	breakerFailures  = 5 // in a row open the breaker of a host
	firstPause       = 5 * time.Second
	maxPause         = time.Minute
	maxRemembered    = 10_000 // webhooks, and hosts
	rememberedFor    = 10 * time.Minute
	maxExcept        = 1000 // webhooks that one claim excludes
	forgetReceiverAt = time.Minute
)

// roster remembers the receivers that were called recently and decides whether another
// attempt may be made. It is not safe for concurrent use.
type roster struct {
	webhooks map[domain.WebhookID]*receiver
	hosts    map[string]*host
	inFlight int
	unproven int // of those
	swept    time.Time
}

// receiver is what is known of a webhook.
type receiver struct {
	host     string
	window   int // attempts that may be in flight
	inFlight int
	proven   bool
	used     time.Time
}

// host is what is known of a host, which many webhooks may share. Only failures to
// connect count against it, because the response of a URL concerns a single webhook.
type host struct {
	inFlight int
	unproven int // of those
	failures int // in a row
	pause    time.Duration
	until    time.Time // the end of the pause; zero if the breaker is closed
	used     time.Time
}

func newRoster() *roster {
	return &roster{webhooks: map[domain.WebhookID]*receiver{}, hosts: map[string]*host{}}
}

// ticket is an attempt that was admitted.
type ticket struct {
	webhook  domain.WebhookID
	host     string
	unproven bool
}

// admit admits an attempt, or returns false.
func (r *roster) admit(id domain.WebhookID, at string, now time.Time) (ticket, bool) {
	w, h := r.webhook(id, at, now), r.hostNamed(at, now)
	if w == nil || h == nil || w.inFlight >= w.window || !r.room(w, h, now) {
		return ticket{}, false
	}
	t := ticket{webhook: id, host: at, unproven: !w.proven}
	w.inFlight++
	h.inFlight++
	r.inFlight++
	if t.unproven {
		h.unproven++
		r.unproven++
	}
	return t, true
}

// room reports whether there is room for an attempt, leaving aside the window of the
// webhook.
func (r *roster) room(w *receiver, h *host, now time.Time) bool {
	switch {
	case r.inFlight >= maxInFlight, h.inFlight >= maxPerHost:
		return false
	case !w.proven && (r.unproven >= maxUnproven || h.unproven >= maxUnprovenHost):
		return false
	case h.until.IsZero():
		return true
	}
	return h.inFlight == 0 && !now.Before(h.until) // one attempt shows whether the host is back
}

// end records the end of an attempt and how long it took.
func (r *roster) end(t ticket, got result, took time.Duration, now time.Time) {
	w, h := r.webhooks[t.webhook], r.hosts[t.host]
	w.inFlight--
	h.inFlight--
	r.inFlight--
	if t.unproven {
		h.unproven--
		r.unproven--
	}
	w.used, h.used = now, now
	switch got {
	case resultStopped, resultUnopened:
		return
	case resultDelivered, resultRejected, resultGone:
		w.proven = took <= inTime
	default:
		w.proven = false
	}
	if w.proven {
		w.window = min(w.window+1, maxWindow)
	} else {
		w.window = max(w.window/2, 1)
	}
	h.note(got == resultUnreachable, now)
}

// note records whether the host was unreachable.
func (h *host) note(unreachable bool, now time.Time) {
	if !unreachable {
		h.failures, h.pause, h.until = 0, 0, time.Time{}
		return
	}
	if h.failures++; h.failures < breakerFailures || now.Before(h.until) {
		return
	}
	h.pause = min(max(2*h.pause, firstPause), maxPause)
	h.until = now.Add(h.pause)
}

// full returns the webhooks to which no further attempt would be admitted.
func (r *roster) full(now time.Time) []domain.WebhookID {
	r.sweep(now)
	var ids []domain.WebhookID
	for id, w := range r.webhooks {
		if w.inFlight < w.window && r.room(w, r.hosts[w.host], now) {
			continue
		}
		if ids = append(ids, id); len(ids) == maxExcept {
			break
		}
	}
	return ids
}

// atOnce returns how many deliveries of each webhook to claim next. found is the number
// of webhooks in the last claim, and busy are those that had as many deliveries due as
// it asked for. The result is so small that each busy webhook would be admitted that
// many attempts, and that there is room if all webhooks have as many; so few deliveries
// are given back.
func (r *roster) atOnce(busy []domain.WebhookID, found int) int {
	open := map[string]int{} // webhooks of a host
	n := min(maxWindow, r.free()/max(found, 1))
	for _, id := range busy {
		w := r.webhooks[id]
		if w == nil {
			return claimPerWebhook
		}
		if room := w.window - w.inFlight; room > 0 {
			open[w.host]++
			n = min(n, room)
		}
	}
	if len(open) == 0 {
		return claimPerWebhook
	}
	for name, webhooks := range open {
		n = min(n, (maxPerHost-r.hosts[name].inFlight)/webhooks)
	}
	return max(claimPerWebhook, n)
}

// knows reports whether full is sure to return a webhook at that host when it has no
// room for another attempt. It returns false while attempts to the host of the
// webhook's previous URL are in flight.
func (r *roster) knows(id domain.WebhookID, at string) bool {
	w := r.webhooks[id]
	return w != nil && w.host == at && len(r.webhooks) <= maxExcept
}

// free returns the number of attempts that may be added.
func (r *roster) free() int { return maxInFlight - r.inFlight }

// paused returns the number of hosts whose breaker is open.
func (r *roster) paused() (n int) {
	for _, h := range r.hosts {
		if !h.until.IsZero() {
			n++
		}
	}
	return n
}

// webhook returns what is known of a webhook. It returns nil if there is no room to
// remember it, or while attempts to the host of its previous URL are in flight.
func (r *roster) webhook(id domain.WebhookID, at string, now time.Time) *receiver {
	w := r.webhooks[id]
	if w != nil && w.host == at {
		return w
	}
	if w != nil && w.inFlight > 0 || w == nil && len(r.webhooks) >= maxRemembered {
		return nil
	}
	w = &receiver{host: at, window: firstWindow, used: now}
	r.webhooks[id] = w
	if r.hostNamed(at, now) == nil {
		delete(r.webhooks, id)
		return nil
	}
	return w
}

func (r *roster) hostNamed(at string, now time.Time) *host {
	h := r.hosts[at]
	if h == nil {
		if len(r.hosts) >= maxRemembered {
			return nil
		}
		h = &host{used: now}
		r.hosts[at] = h
	}
	return h
}

// sweep forgets, at most once a minute, what has not been used for 10 minutes.
func (r *roster) sweep(now time.Time) {
	if now.Sub(r.swept) < forgetReceiverAt {
		return
	}
	r.swept = now
	used := map[string]bool{}
	maps.DeleteFunc(r.webhooks, func(_ domain.WebhookID, w *receiver) bool {
		old := w.inFlight == 0 && now.Sub(w.used) > rememberedFor
		used[w.host] = used[w.host] || !old
		return old
	})
	maps.DeleteFunc(r.hosts, func(name string, h *host) bool {
		return !used[name] && h.inFlight == 0 && now.Sub(h.used) > rememberedFor
	})
}
