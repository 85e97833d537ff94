package model

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/limits"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// Windows that are compared on each store. They are few, because the race detector makes
// each more than twenty times as slow. With APIKEYS_SOAK, there are allWindows on each.
const (
	windowsInMemory   = 500
	windowsInSQLite   = 100
	windowsInPostgres = 100
	allWindows        = 10_000
	windowsOfAKey     = 20
)

// limitedReplicas is the number of replicas that spend the limits of a key.
const limitedReplicas = 4

func TestLimits_AreThoseOfAPlainCounter(t *testing.T) {
	t.Parallel()
	stores := map[string]struct {
		windows int
		open    func(t *testing.T, now func() time.Time) ports.LimitStore
	}{
		"memory": {windowsInMemory, func(_ *testing.T, now func() time.Time) ports.LimitStore {
			return memory.NewLimitStore(now)
		}},
		"sqlite": {windowsInSQLite, func(t *testing.T, now func() time.Time) ports.LimitStore {
			store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "apikeys.db"), sqlite.WithClock(now))
			return migrated(t, store, err)
		}},
		"postgres": {windowsInPostgres, func(t *testing.T, now func() time.Time) ports.LimitStore {
			store, err := postgres.Open(t.Context(), pgtest.NewDatabase(t), postgres.WithClock(now))
			return migrated(t, store, err)
		}},
	}
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if os.Getenv("APIKEYS_SOAK") != "" {
				s.windows = allWindows
			}
			seed := rand.Uint64()
			t.Logf("seed %d, %d windows", seed, s.windows)
			clocks := &clocks{real: time.Date(2026, 3, 21, 10, 0, 10, 0, time.UTC)}
			w := &limitedWorld{random: rand.New(rand.NewPCG(seed, 0)), clocks: clocks, store: s.open(t, clocks.ofStore)}
			for key := range s.windows / windowsOfAKey {
				w.compare(t, domain.KeyID(fmt.Sprintf("sk_live_%016d", key)))
			}
		})
	}
}

type migratedStore interface {
	ports.LimitStore
	ports.Schema
	Close() error
}

func migrated(t *testing.T, store migratedStore, err error) ports.LimitStore {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

// clocks are the clock of the store and those of the replicas, which differ from it.
type clocks struct {
	mu       sync.Mutex
	real     time.Time
	store    time.Duration // by which the store's clock is behind
	replicas [limitedReplicas]time.Duration
}

func (c *clocks) ofStore() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.real.Add(-c.store)
}

func (c *clocks) of(replica int) func() time.Time {
	return func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.real.Add(c.replicas[replica])
	}
}

func (c *clocks) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// limitedWorld compares replicas that share a store with a plain counter.
type limitedWorld struct {
	random *rand.Rand
	clocks *clocks
	store  ports.LimitStore
}

// compare spends a random limit of a key in windowsOfAKey windows.
func (w *limitedWorld) compare(t *testing.T, id domain.KeyID) {
	t.Helper()
	spans := []string{"1", "7", "60", "DAY"}
	window, ok := domain.ParseWindow(spans[w.random.IntN(len(spans))])
	if !ok {
		t.Fatal("no window")
	}
	maxima := []int64{1, 2, 3, 10, 49, 50, 99, 100, 199, 200, 250, 400}
	limit := domain.Limit{Name: "default", Max: maxima[w.random.IntN(len(maxima))], Window: window}
	var replicas [limitedReplicas]*limits.Limiter
	for i := range replicas {
		w.clocks.change(func() { w.clocks.replicas[i] = w.upTo(48*time.Hour) - 24*time.Hour })
		l, err := limits.New(limits.Options{Store: w.store, Now: w.clocks.of(i), MaximumKeys: 10, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		replicas[i] = l
	}
	for range windowsOfAKey {
		w.spendWindow(t, id, limit, replicas)
		w.leaveWindow(window)
	}
}

// spendWindow spends the limit in the current window, and compares what is allowed.
func (w *limitedWorld) spendWindow(t *testing.T, id domain.KeyID, limit domain.Limit, replicas [limitedReplicas]*limits.Limiter) {
	t.Helper()
	allowed, asked, slow := int64(0), map[int]bool{}, false
	spend := func(replica int, cost int64) bool {
		_, refusing, err := replicas[replica].Spend(t.Context(), &application.LimitedKey{ID: id, Limits: []domain.Limit{limit}}, cost, w.clocks.of(replica)())
		if errors.Is(err, domain.ErrUnavailable) { // a busy machine, so that a share may be lost
			slow = true
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		asked[replica] = true
		if refusing < 0 {
			allowed += cost
		}
		if allowed > limit.Max {
			t.Fatalf("%d of %s are allowed in the window of %v", allowed, limit, w.clocks.ofStore())
		}
		return refusing < 0
	}
	costs := []int64{0, 1, 1, 1, 1, 1, 2, 5}
	for range w.random.Int64N(limit.Max + 10) {
		spend(w.random.IntN(limitedReplicas), costs[w.random.IntN(len(costs))])
		if w.random.IntN(10) == 0 {
			w.moveWithin(limit.Window)
		}
	}
	if w.random.IntN(2) == 0 { // nobody asks for the rest
		return
	}
	last := w.random.IntN(limitedReplicas)
	for spend(last, 1) {
	}
	// 2 % of the limit for each replica that requested a share.
	if unspent := limit.Max - allowed; !slow && unspent*100 > limit.Max*2*int64(len(asked)) {
		t.Fatalf("%d of %s stay unspent by %d replicas", unspent, limit, len(asked))
	}
}

// upTo returns a random duration of less than d in whole microseconds, the precision of
// PostgreSQL.
func (w *limitedWorld) upTo(d time.Duration) time.Duration {
	return time.Duration(w.random.Int64N(int64(d))).Truncate(time.Microsecond)
}

// moveWithin moves the clocks on to a time that is still in the window.
func (w *limitedWorld) moveWithin(window domain.Window) {
	now := w.clocks.ofStore()
	left := window.End(window.Start(now)).Sub(now)
	w.clocks.change(func() { w.clocks.real = w.clocks.real.Add(w.upTo(left)) })
}

// leaveWindow moves the clocks on to a later window, often to its very start, and
// sometimes those of replicas further. If the store's clock is set back into the former
// window, that continues for the store, so the clocks move on until the next.
func (w *limitedWorld) leaveWindow(window domain.Window) {
	now := w.clocks.ofStore()
	end := window.End(window.Start(now))
	length := end.Sub(window.Start(now))
	further := []time.Duration{0, 0, time.Microsecond, w.upTo(length), 3 * length}
	w.clocks.change(func() {
		move := end.Sub(now) + further[w.random.IntN(len(further))]
		if w.random.IntN(8) == 0 {
			back := w.upTo(length)
			w.clocks.store += back
			move += back
		}
		w.clocks.real = w.clocks.real.Add(move)
		if i := w.random.IntN(4 * limitedReplicas); i < limitedReplicas {
			w.clocks.replicas[i] += w.upTo(time.Hour)
		}
	})
}
