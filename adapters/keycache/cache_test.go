package keycache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

var begin = time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)

// store is a finder whose answers a test decides and whose reads it counts.
type store struct {
	mu      sync.Mutex
	keys    map[domain.KeyID]domain.Snapshot
	err     error
	reads   atomic.Int64
	reading chan struct{} // when set: a read announces itself here, its record in hand,
	proceed chan struct{} // and waits here before it returns
}

func newStore() *store { return &store{keys: map[domain.KeyID]domain.Snapshot{}} }

func (s *store) Find(_ context.Context, id domain.KeyID) (*domain.APIKey, error) {
	s.reads.Add(1)
	s.mu.Lock()
	snapshot, ok := s.keys[id]
	err, reading, proceed := s.err, s.reading, s.proceed
	s.mu.Unlock()
	if reading != nil {
		reading <- struct{}{}
		<-proceed
	}
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, domain.ErrKeyNotFound
	}
	return domain.Rehydrate(snapshot), nil
}

func (s *store) put(id domain.KeyID, disabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scopes, _ := domain.NewScopeSet("payment:read")
	s.keys[id] = domain.Snapshot{ID: id, Disabled: disabled, Scopes: scopes, Secrets: make([]domain.StoredSecret, 1)}
}

func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// script is a feed that answers polls with what a test gives it.
type script struct {
	changes ports.Changes
	err     error
	wake    chan struct{}
}

func (s *script) Poll(context.Context) (ports.Changes, error) { return s.changes, s.err }
func (s *script) Wake() <-chan struct{}                       { return s.wake }
func (s *script) Close() error                                { return nil }

// world is a cache on a store, a feed and a clock.
type world struct {
	*Cache
	store *store
	feed  *script
	clock time.Time
}

func newWorld(t *testing.T, grace time.Duration) *world {
	t.Helper()
	w := &world{store: newStore(), feed: &script{}, clock: begin}
	c, err := New(Options{Finder: w.store, MaximumKeys: 1000, OutageGrace: grace, Now: func() time.Time { return w.clock }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	w.Cache = c
	w.poll(t)
	return w
}

func (w *world) poll(t *testing.T) {
	t.Helper()
	if err := w.Poll(t.Context(), w.feed); err != nil {
		t.Fatal(err)
	}
}

// status finds a key and says what the check would see.
func (w *world) status(t *testing.T, id domain.KeyID) string {
	t.Helper()
	known, err := w.Find(t.Context(), id, w.clock)
	switch {
	case errors.Is(err, domain.ErrKeyNotFound):
		return "not found"
	case errors.Is(err, domain.ErrUnavailable):
		return "unavailable"
	case err != nil:
		t.Fatal(err)
	}
	secret, _ := secrets.Load(id)
	return string(known.Authorize(domain.Check{Secret: secret.(domain.Secret)}, credulous{}, w.clock).Verdict)
}

func newID(t *testing.T) domain.KeyID {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	secrets.Store(secret.KeyID(), secret)
	return secret.KeyID()
}

// secrets are those of the identifiers that tests have made.
var secrets sync.Map

// credulous takes every secret for proven: these tests are about what is known
// of a key, not about who presents it.
type credulous struct{}

func (credulous) Verify(domain.Secret, domain.Digest) bool { return true }

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func (w *world) expectReads(t *testing.T, want int64) {
	t.Helper()
	if got := w.store.reads.Load(); got != want {
		t.Errorf("the store was read %d times, want %d", got, want)
	}
}

func TestFind_readsAKeyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	w.store.put(id, false)
	for range 5 {
		expect(t, "check", w.status(t, id), "OK")
	}
	w.expectReads(t, 1)
}

func TestFind_remembersAnUnknownIDBriefly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	for range 5 {
		expect(t, "check", w.status(t, id), "not found")
	}
	w.expectReads(t, 1)
	w.store.put(id, false)
	w.Evict(id)
	expect(t, "once made", w.status(t, id), "OK")
}

func TestFind_seesAnEvictedKeyAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id, other := newID(t), newID(t)
	w.store.put(id, false)
	w.store.put(other, false)
	w.status(t, id)
	w.status(t, other)
	w.store.put(id, true)
	w.feed.changes = ports.Changes{Keys: []domain.KeyID{id}}
	w.poll(t)
	expect(t, "the changed key", w.status(t, id), "DISABLED")
	expect(t, "the other", w.status(t, other), "OK")
	w.expectReads(t, 3)
}

func TestPoll_lostChangesEmptyTheCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	w.store.put(id, false)
	w.status(t, id)
	w.store.put(id, true)
	w.feed.changes = ports.Changes{Lost: true}
	w.poll(t)
	expect(t, "check", w.status(t, id), "DISABLED")
}

func TestFind_dropsARecordReadBeforeAnEviction(t *testing.T) {
	t.Parallel()
	for name, evict := range map[string]func(*world, domain.KeyID){
		"one":   func(w *world, id domain.KeyID) { w.Evict(id) },
		"every": func(w *world, _ domain.KeyID) { w.EvictAll() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			id := newID(t)
			w.store.put(id, false)
			w.store.reading, w.store.proceed = make(chan struct{}), make(chan struct{})
			early := make(chan string)
			go func() { early <- w.status(t, id) }()
			<-w.store.reading // the old record is in hand
			w.store.put(id, true)
			evict(w, id)

			late := make(chan string)
			go func() { late <- w.status(t, id) }()
			<-w.store.reading // the later check did not join the older read
			close(w.store.proceed)
			expect(t, "begun before the change", <-early, "OK")
			expect(t, "begun after the change", <-late, "DISABLED")
			w.store.mu.Lock()
			w.store.reading = nil
			w.store.mu.Unlock()
			expect(t, "afterwards", w.status(t, id), "DISABLED")
		})
	}
}

func TestFind_readsAKeyOnceForManyAtTheSameTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		id := newID(t)
		w.store.put(id, false)
		w.store.reading, w.store.proceed = make(chan struct{}, 1), make(chan struct{})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { expect(t, "check", w.status(t, id), "OK") })
		}
		synctest.Wait()
		close(w.store.proceed)
		wg.Wait()
		w.expectReads(t, 1)
	})
}

func TestFind_boundsTheReadsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.store.reading, w.store.proceed = make(chan struct{}, 1000), make(chan struct{})
		var wg sync.WaitGroup
		for range 200 {
			id := newID(t)
			wg.Go(func() { expect(t, "check", w.status(t, id), "not found") })
		}
		synctest.Wait()
		w.expectReads(t, concurrentLoads)
		close(w.store.proceed)
		wg.Wait()
	})
}

func TestFind_boundsTheReadsThatWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.store.reading, w.store.proceed = make(chan struct{}, 10_000), make(chan struct{})
		var refused atomic.Int64
		var wg sync.WaitGroup
		for range concurrentLoads + waitingLoads + 10 {
			id := newID(t)
			wg.Go(func() {
				if w.status(t, id) == "unavailable" {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		if got := refused.Load(); got != 10 {
			t.Errorf("%d were refused, want 10", got)
		}
		close(w.store.proceed)
		wg.Wait()
		if got := w.Stats().Loads; got != 0 {
			t.Errorf("%d loads are left", got)
		}
	})
}

func TestFind_aCallerMayLeaveWhileOthersWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	w.store.put(id, false)
	w.store.reading, w.store.proceed = make(chan struct{}), make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := w.Find(ctx, id, w.clock)
		left <- err
	}()
	<-w.store.reading
	leave()
	if err := <-left; !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("error = %v", err)
	}
	stayed := make(chan string)
	go func() { stayed <- w.status(t, id) }()
	close(w.store.proceed)
	expect(t, "the one that stayed", <-stayed, "OK")
	w.expectReads(t, 1)
}

func TestFind_whenTheStoreIsLost(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("connect: %w", domain.ErrUnavailable)
	tests := []struct {
		name  string
		grace time.Duration
		after time.Duration // since the last confirmation
		want  string
		reads int64 // beside the first
	}{
		{name: "memory answers at first", grace: 30 * time.Second, after: time.Second, want: "OK", reads: 0},
		{name: "then the store is tried before", grace: 30 * time.Second, after: time.Second + 1, want: "OK", reads: 1},
		{name: "until the grace ends", grace: 30 * time.Second, after: 30 * time.Second, want: "OK", reads: 1},
		{name: "never after it", grace: 30 * time.Second, after: 30*time.Second + 1, want: "unavailable", reads: 1},
		{name: "no grace, no answer", grace: 0, after: time.Second + 1, want: "unavailable", reads: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.grace)
			id := newID(t)
			w.store.put(id, false)
			w.status(t, id)
			w.store.fail(lost)
			w.clock = begin.Add(tt.after)
			expect(t, "check", w.status(t, id), tt.want)
			w.expectReads(t, 1+tt.reads)
		})
	}
}

func TestFind_afterAFailedPollTheStoreIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 30*time.Second)
	id := newID(t)
	w.store.put(id, false)
	w.status(t, id)
	w.store.put(id, true)
	w.feed.err = domain.ErrUnavailable
	if err := w.Poll(t.Context(), w.feed); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatal(err)
	}
	expect(t, "a feed that is down while the store is not", w.status(t, id), "DISABLED")
	w.feed.err = nil
	w.poll(t)
	expect(t, "once it is back", w.status(t, id), "DISABLED")
	w.expectReads(t, 2)
}

func TestFind_noGraceAndAFailedPollRefuseAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	w.store.put(id, false)
	w.status(t, id)
	w.store.fail(domain.ErrUnavailable)
	w.feed.err = domain.ErrUnavailable
	w.clock = begin.Add(time.Millisecond)
	_ = w.Poll(t.Context(), w.feed)
	expect(t, "check", w.status(t, id), "unavailable")
}

func TestFind_trustsNothingBeforeTheFirstPoll(t *testing.T) {
	t.Parallel()
	s := newStore()
	c, err := New(Options{Finder: s, MaximumKeys: 10, OutageGrace: time.Hour, Now: func() time.Time { return begin }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	w := &world{Cache: c, store: s, feed: &script{}, clock: begin}
	id := newID(t)
	s.put(id, false)
	expect(t, "first", w.status(t, id), "OK")
	s.put(id, true)
	expect(t, "second", w.status(t, id), "DISABLED")
}

func TestAge_isTheLargerOfBothClocks(t *testing.T) {
	t.Parallel()
	var tr trust
	since := time.Now()
	tr.confirm(since)
	if got := tr.last.Load().age(since.Add(time.Minute)); got != time.Minute {
		t.Errorf("both advance: %v", got)
	}
	// A reading without the monotonic part stands for a machine that was
	// suspended: only the wall clock moved.
	if got := tr.last.Load().age(since.Add(time.Hour).Round(0)); got != time.Hour {
		t.Errorf("the monotonic clock stood still: %v", got)
	}
}

func TestFollow_evictsWhenWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		id := newID(t)
		w.store.put(id, false)
		w.status(t, id)
		w.store.put(id, true)
		w.feed.changes = ports.Changes{Keys: []domain.KeyID{id}}
		w.feed.wake = make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.Follow(ctx, w.feed, discard)
		}()
		w.feed.wake <- struct{}{}
		synctest.Wait()
		expect(t, "check", w.status(t, id), "DISABLED")
		stop()
		<-done
	})
}

func TestStats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	w.store.put(id, false)
	for range 3 {
		w.status(t, id)
	}
	w.feed.changes = ports.Changes{Keys: []domain.KeyID{id}}
	w.poll(t)
	w.clock = begin.Add(time.Second)
	got := w.Stats()
	got.Keys = 0 // an estimate
	want := Stats{Hits: 2, Misses: 1, FeedEvictions: 1, Unconfirmed: time.Second}
	if got != want {
		t.Errorf("Stats() = %+v, want %+v", got, want)
	}
}

func TestFind_sharesNoOldReadWhileTheFeedIsDoubtful(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	w.clock = begin.Add(10 * time.Second) // since the last confirmation
	id := newID(t)
	w.store.put(id, false)
	w.store.reading, w.store.proceed = make(chan struct{}), make(chan struct{})
	find := func(at time.Time) <-chan string {
		verdict := make(chan string, 1)
		go func() {
			known, err := w.Find(t.Context(), id, at)
			if err != nil {
				verdict <- err.Error()
				return
			}
			secret, _ := secrets.Load(id)
			verdict <- string(known.Authorize(domain.Check{Secret: secret.(domain.Secret)}, credulous{}, at).Verdict)
		}()
		return verdict
	}
	early := find(w.clock)
	<-w.store.reading // the old record is in hand
	w.store.put(id, true)
	late := find(w.clock.Add(100 * time.Millisecond))
	<-w.store.reading
	close(w.store.proceed)
	expect(t, "the early check", <-early, "OK")
	expect(t, "the late check", <-late, "DISABLED")
}

func TestFind_outlivesAPanicOfTheStore(t *testing.T) {
	t.Parallel()
	c, err := New(Options{Finder: panicking{}, MaximumKeys: 1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	_, err = c.Find(t.Context(), newID(t), begin)
	if err == nil || errors.Is(err, domain.ErrUnavailable) || strings.Contains(err.Error(), "the marked value") {
		t.Errorf("error = %v", err)
	}
}

type panicking struct{}

func (panicking) Find(context.Context, domain.KeyID) (*domain.APIKey, error) {
	panic("the marked value")
}

func TestStats_countsTheKeysThatMadeRoom(t *testing.T) {
	t.Parallel()
	s := newStore()
	c, err := New(Options{Finder: s, MaximumKeys: 10, Now: func() time.Time { return begin }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for range 100 {
		id := newID(t)
		s.put(id, false)
		if _, err := c.Find(t.Context(), id, begin); err != nil {
			t.Fatal(err)
		}
	}
	c.known.CleanUp()
	if got := c.Stats(); got.Evictions < 80 || got.Keys > 20 {
		t.Errorf("%d evictions, %d keys held, want room for about 10 of 100", got.Evictions, got.Keys)
	}
}

func TestFind_aCallerWhoLeavesGetsNoAnswerFromMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	id := newID(t)
	w.store.put(id, false)
	w.status(t, id)
	w.store.put(id, true)
	w.clock = begin.Add(10 * time.Second)
	w.store.reading, w.store.proceed = make(chan struct{}, 1), make(chan struct{})
	defer close(w.store.proceed)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if known, err := w.Find(ctx, id, w.clock); !errors.Is(err, domain.ErrUnavailable) || known != nil {
		t.Errorf("Find() = %v, %v, though no read has failed", known, err)
	}
}

func TestFind_aFloodOfUnknownIDsMakesNoStaleYes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Minute)
		id := newID(t)
		w.store.put(id, false)
		w.status(t, id)
		w.clock = begin.Add(10 * time.Second)
		w.store.reading, w.store.proceed = make(chan struct{}, 1000), make(chan struct{})
		var wg sync.WaitGroup
		for range 500 {
			unknown := newID(t)
			wg.Go(func() { w.status(t, unknown) })
		}
		synctest.Wait() // every slot for keys out of memory is taken
		w.store.mu.Lock()
		w.store.reading = nil
		w.store.mu.Unlock()
		w.store.put(id, true)
		expect(t, "the known key", w.status(t, id), "DISABLED")
		close(w.store.proceed)
		wg.Wait()
	})
}

func TestClose_endsTheTrustInMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	id := newID(t)
	w.store.put(id, false)
	w.status(t, id)
	w.store.fail(domain.ErrUnavailable)
	w.Close()
	expect(t, "check", w.status(t, id), "unavailable")
}
