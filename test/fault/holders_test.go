package fault

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// record is one key as its holder knows it.
type record struct {
	id, secret, name string
	events           []string // of the changes that were acknowledged
	deleted          bool
	// doubtful: a change was answered 503, and may have been made more than once.
	doubtful bool
}

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

// change is a step in the life of a key.
type change struct {
	event  string
	method string
	path   string // after that of the key
	body   func(r *record) string
	status int
	reason string // of a check, once it is in force
}

// changes are made in this order. Every second key is not deleted.
var changes = []change{
	{"CREATED", http.MethodPost, "", func(r *record) string { return `{"name":"` + r.name + `","scopes":["a:b"]}` }, http.StatusCreated, "OK"},
	{"UPDATED", http.MethodPatch, "", func(r *record) string { return `{"name":"` + renamed(r.name) + `"}` }, http.StatusOK, "OK"},
	{"ROTATED", http.MethodPost, "/rotate", func(*record) string { return "" }, http.StatusOK, "OK"},
	{"DISABLED", http.MethodPost, "/disable", func(*record) string { return "" }, http.StatusOK, "DISABLED"},
	{"ENABLED", http.MethodPost, "/enable", func(*record) string { return "" }, http.StatusOK, "OK"},
	{"DELETED", http.MethodPost, "/delete", func(r *record) string { return `{"keyId":"` + r.id + `"}` }, http.StatusNoContent, "NOT_FOUND"},
}

// renamed has a length of its own, and letters that have case.
func renamed(name string) string { return strings.TrimSuffix(name, " renamed") + " renamed" }

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
		previous := r.book(c, a)
		h.inForce(ctx, t, f, r.secret, c.reason)
		if previous != "" {
			h.inForce(ctx, t, f, previous, "NOT_FOUND")
		}
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

func (r *record) url(w *world, c change) string {
	keys := w.public + "/web/v1/workspaces/" + workspace + "/api-keys"
	if c.event == "CREATED" || c.event == "DELETED" {
		return keys + c.path
	}
	return keys + "/" + r.id + c.path
}

// book notes a change that was acknowledged, and returns the secret that it ended.
func (r *record) book(c change, a answer) (previous string) {
	r.events = append(r.events, c.event)
	switch c.event {
	case "CREATED":
		r.id, r.secret = member(a.body, "apiKeyId"), member(a.body, "secret")
	case "UPDATED":
		r.name = renamed(r.name)
	case "ROTATED":
		previous, r.secret = r.secret, member(a.body, "secret")
	case "DELETED":
		r.deleted = true
	}
	return previous
}

// inForce waits until every service says reason of the secret, each within
// the time that is promised.
func (h *holder) inForce(ctx context.Context, t *testing.T, f *fleet, secret, reason string) {
	acknowledged := time.Now()
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
			if err != nil || late > refusedWithin && a.status != http.StatusServiceUnavailable || late > promptly {
				t.Errorf("%v after the change, want %s: %d %s, %v", late, reason, a.status, a.body, err)
				return
			}
			<-tick.C
		}
	}
}

// holders are the clients of a test that change keys.
type holders []*holder

func newHolders(n int) holders {
	all, p := make(holders, n), new(pace)
	for i := range all {
		all[i] = &holder{name: fmt.Sprintf("Holder %d", i), turn: i, pace: p}
	}
	return all
}

// drive begins the traffic of the holders, and of checks, of the services of f.
func (all holders) drive(t *testing.T, f *fleet, good, bad string) *traffic {
	t.Helper()
	tr := &traffic{t: t, stopped: make(chan struct{}), statuses: map[int]int{}}
	for _, h := range all {
		tr.client(func(ctx context.Context) (answer, error) { return h.next(ctx, t, f) }, func(answer) bool { return true })
	}
	for secret, reason := range map[string]string{good: "OK", bad: "DISABLED", unknownSecret(): "NOT_FOUND"} {
		turn := 0
		tr.client(func(ctx context.Context) (answer, error) {
			turn++
			return f.turn(turn).check(ctx, secret)
		}, says(reason))
	}
	return tr
}

func (all holders) records() (records []*record) {
	for _, h := range all {
		records = append(records, h.records...)
	}
	return slices.DeleteFunc(records, func(r *record) bool { return len(r.events) == 0 })
}
