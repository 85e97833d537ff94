package limits

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const id = domain.KeyID("sk_live_0123456789abcdef")

// begin is 10 s after a full hour.
var begin = time.Date(2026, 3, 21, 10, 0, 10, 0, time.UTC)

type clock struct{ at atomic.Pointer[time.Time] }

func newClock() *clock {
	c := new(clock)
	c.set(begin)
	return c
}

func (c *clock) now() time.Time          { return *c.at.Load() }
func (c *clock) set(at time.Time)        { c.at.Store(&at) }
func (c *clock) advance(d time.Duration) { c.set(c.now().Add(d)) }

// gate is a store that can be made to fail, and calls onLease before it grants.
type gate struct {
	ports.LimitStore

	down     atomic.Bool
	requests atomic.Int64
	onLease  func()
	after    func() // called before the response is returned
}

func (g *gate) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	g.requests.Add(1)
	if g.onLease != nil {
		g.onLease()
	}
	if g.down.Load() {
		return ports.Lease{}, fmt.Errorf("%w: switched off", domain.ErrUnavailable)
	}
	lease, err := g.LimitStore.Lease(ctx, request)
	if g.after != nil {
		g.after()
	}
	return lease, err
}

func newGate(c *clock) *gate { return &gate{LimitStore: memory.NewLimitStore(c.now)} }

func newLimiter(t rapid.TB, store ports.LimitStore, c *clock, edit ...func(*Options)) *Limiter {
	o := Options{Store: store, Now: c.now, MaximumKeys: 100, Logger: slog.New(slog.DiscardHandler)}
	for _, e := range edit {
		e(&o)
	}
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func allowUnjudged(o *Options) { o.AllowUnjudged = true }

func rate(name string, maximum int64, window string) domain.Limit {
	w, ok := domain.ParseWindow(window)
	if !ok {
		panic(window)
	}
	return domain.Limit{Name: name, Max: maximum, Window: w}
}

// limited returns a key as in a new entry of the cache of keys.
func limited(id domain.KeyID, limits []domain.Limit) *application.LimitedKey {
	return &application.LimitedKey{ID: id, Limits: limits}
}

// spend fails the test unless the limit with the index refusing refuses the check, or
// no limit does if refusing is -1. It returns after all requests to the store have
// ended.
func spend(t rapid.TB, l *Limiter, limits []domain.Limit, cost int64, refusing int) []domain.LimitState {
	t.Helper()
	states, got, err := l.Spend(context.Background(), limited(id, limits), cost, l.now())
	l.inFlight.Wait()
	if err != nil || got != refusing {
		t.Fatalf("limit %d refuses, error %v; want limit %d", got, err, refusing)
	}
	if len(states) != len(limits) {
		t.Fatalf("%d states of %d limits", len(states), len(limits))
	}
	return states
}
