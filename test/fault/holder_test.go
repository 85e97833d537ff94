package fault

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// holder makes keys and changes them, one change after the other and each
// through the next service of the fleet. It sends no idempotency key, which
// not every build knows: what was answered 503 it sends again as it is.
type holder struct {
	name    string
	turn    int
	records []*record
	lost    int  // creates that were answered 503
	again   bool // the change under way was answered 503 before
	pace    *pace
}

// pace is how soon changes were in force.
type pace struct {
	mu      sync.Mutex
	slowest time.Duration
}

func (p *pace) note(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slowest = max(p.slowest, took)
}

// next makes the change that comes next, and waits until it is in force
// everywhere.
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

// due returns the key to change, and how.
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

// doubt notes that a change may have been made and may not. A key whose create
// was not answered is nobody's.
func (h *holder) doubt(r *record) {
	if len(r.events) == 0 {
		h.records, h.lost = h.records[:len(h.records)-1], h.lost+1
		return
	}
	r.doubtful, h.again = true, true
}

// inForce waits until every service says reason of the secret. None may say
// what was true before for longer than is promised.
func (h *holder) inForce(ctx context.Context, t *testing.T, f *fleet, acknowledged time.Time, secret, reason string) {
	tick := time.NewTicker(pause)
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
