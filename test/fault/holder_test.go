package fault

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// holder creates keys and changes them, one change after the other and each
// through the next service of the fleet. It sends no idempotency key, which
// older builds ignore: after a 503 it simply sends the request again.
type holder struct {
	name    string
	turn    int
	records []*record
	lost    int  // creates that got 503
	again   bool // the current change got 503 before
	pace    *pace
}

// pace is how soon changes took effect.
type pace struct {
	mu      sync.Mutex
	slowest time.Duration
}

func (p *pace) note(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slowest = max(p.slowest, took)
}

// next makes the next change, and waits until it takes effect everywhere.
func (h *holder) next(ctx context.Context, t *testing.T, f *fleet) (answer, error) {
	r, c := h.due()
	w := f.turn(h.turn)
	h.turn++
	a, err := w.ask(ctx, c.method, r.url(w, c), c.body(r))
	if err != nil {
		return a, err
	}
	gone := c.event == "DELETED" && h.again && a.status == http.StatusNotFound
	switch {
	case a.status == http.StatusServiceUnavailable:
		h.doubt(r)
	case a.status == c.status || gone:
		h.again = false
		acknowledged := time.Now()
		if previous := r.book(c, a); previous != "" {
			h.inForce(ctx, t, f, acknowledged, previous, "NOT_FOUND")
		}
		h.inForce(ctx, t, f, acknowledged, r.secret, c.reason)
	default:
		t.Errorf("%s of %s (%s): %d %s", c.event, r.name, r.id, a.status, a.body)
	}
	return a, nil
}

// due returns the next key to change, and the change.
func (h *holder) due() (*record, change) {
	n := len(h.records)
	if n > 0 {
		r := h.records[n-1]
		if made := len(r.events); made < len(changes)-n%2 {
			return r, changes[made]
		}
	}
	r := &record{name: fmt.Sprintf("%s Key %d", h.name, n+h.lost)}
	h.records = append(h.records, r)
	return r, changes[0]
}

// doubt notes that a change may or may not have been made. A key whose create
// got no response belongs to nobody.
func (h *holder) doubt(r *record) {
	if len(r.events) == 0 {
		h.records, h.lost = h.records[:len(h.records)-1], h.lost+1
		return
	}
	r.doubtful, h.again = true, true
}

// inForce waits until every service returns reason for the secret. None may
// return the previous result for longer than is promised.
func (h *holder) inForce(ctx context.Context, t *testing.T, f *fleet, acknowledged time.Time, secret, reason string) {
	tick := time.NewTicker(trafficPause())
	defer tick.Stop()
	for _, w := range f.all() {
		for sent := time.Now(); ; sent = time.Now() {
			a, err := w.check(ctx, secret)
			late := sent.Sub(acknowledged)
			if err == nil && says(reason)(a) {
				h.pace.note(late)
				break
			}
			none := a.status == http.StatusServiceUnavailable
			old := a.status == http.StatusOK && !a.isStale(late)
			if err != nil || !none && !old || late > patience {
				t.Errorf("%v after the change, want %s: %d %s, %v", late, reason, a.status, a.body, err)
				return
			}
			<-tick.C
		}
	}
}
