package application_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

var inside = netip.MustParseAddr("192.168.1.7")

// recorder records its calls, or returns err if it is set.
type recorder struct {
	ports.UsageRecorder

	mu       sync.Mutex
	err      error
	lost     bool                      // RecordUse records, and fails
	failing  func()                    // if not nil, called by a failing Rehash
	entered  func(ctx context.Context) // if not nil, called by RecordUse
	uses     []map[domain.KeyID]time.Time
	batches  []ports.UsageBatch
	rehashes [][]domain.Rehash
}

func (r *recorder) RecordUse(ctx context.Context, batch ports.UsageBatch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entered != nil {
		r.entered(ctx)
	}
	if r.err != nil {
		return r.err
	}
	if len(batch.LastUsed) > 0 {
		r.uses = append(r.uses, batch.LastUsed)
	}
	r.batches = append(r.batches, batch)
	if r.lost {
		return domain.ErrUnavailable
	}
	return nil
}

func (r *recorder) Rehash(_ context.Context, replacements []domain.Rehash) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		if r.failing != nil {
			r.failing()
		}
		return r.err
	}
	r.rehashes = append(r.rehashes, replacements)
	return nil
}

// fail sets whether calls fail.
func (r *recorder) fail(failing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err = nil; failing {
		r.err = domain.ErrUnavailable
	}
}

// cached is a source that keeps the keys it has read, like a cache.
type cached struct {
	uncached
	known map[domain.KeyID]*application.KnownKey
}

func (c cached) Find(ctx context.Context, id domain.KeyID, at time.Time) (*application.KnownKey, error) {
	if known, ok := c.known[id]; ok {
		return known, nil
	}
	known, err := c.uncached.Find(ctx, id, at)
	if err == nil {
		c.known[id] = known
	}
	return known, err
}

// usageWorld checks one key and records its use.
type usageWorld struct {
	recorder *recorder
	usage    *application.Usage
	secret   domain.Secret
	check    func(t *testing.T, at time.Time, scopes ...domain.Scope)
	// authorize returns the check as of a time.
	authorize func(at time.Time) *application.Authorize
}

func newUsageWorld(t *testing.T, hasher ports.SecretHasher) *usageWorld {
	t.Helper()
	recorded := &recorder{}
	w := newUsageWorldOf(t, hasher, recorded)
	w.recorder = recorded
	return w
}

// newUsageWorldOf returns a usageWorld with another recorder.
func newUsageWorldOf(t *testing.T, hasher ports.SecretHasher, recorder ports.UsageRecorder) *usageWorld {
	t.Helper()
	keys := memory.NewKeyRepository()
	w := &usageWorld{secret: createdIn(t, keys, spec())}
	w.usage = application.NewUsage(recorder, hasher, clock, slog.New(slog.DiscardHandler))
	source := cached{uncached{keys}, map[domain.KeyID]*application.KnownKey{}}
	w.authorize = func(at time.Time) *application.Authorize {
		return application.NewAuthorize(source, hasher, w.usage, nil, func() time.Time { return at }, &application.Lifetime{})
	}
	w.check = func(t *testing.T, at time.Time, scopes ...domain.Scope) {
		t.Helper()
		if _, err := w.authorize(at).Do(t.Context(), domain.Check{Secret: w.secret, Scopes: scopes, Addr: inside}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// run runs Usage.Run until stop is called, which waits for its end.
func (w *usageWorld) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.usage.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

func (w *usageWorld) flush(t *testing.T) {
	t.Helper()
	if err := w.usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *usageWorld) expectUses(t *testing.T, want ...time.Time) {
	t.Helper()
	got := []time.Time{}
	for _, batch := range w.recorder.uses {
		if len(batch) != 1 {
			t.Errorf("a batch of %d keys", len(batch))
		}
		got = append(got, batch[w.secret.KeyID()])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recorded uses (-want +got):\n%s", diff)
	}
}

func TestUsage_IsRecordedImmediatelyAndThenOncePerMinute(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	start := clock()
	w.check(t, start)
	w.flush(t)
	w.check(t, start.Add(59*time.Second))
	w.flush(t)
	w.check(t, start.Add(61*time.Second))
	w.flush(t)
	w.flush(t)
	w.expectUses(t, start, start.Add(61*time.Second))
}

func TestUsage_CountsOnlyAllowedChecks(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	w.check(t, clock(), "no:such")
	w.flush(t)
	w.expectUses(t, []time.Time{}...)
}

func TestUsage_IsKeptUntilTheStoreIsBack(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	w.recorder.err = domain.ErrUnavailable
	w.check(t, clock())
	if err := w.usage.Flush(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("Flush() = %v", err)
	}
	w.recorder.err = nil
	w.flush(t)
	w.expectUses(t, clock())
}

func TestUsage_QueuesDigestsUnderAnOldPepper(t *testing.T) {
	t.Parallel()
	hasher := hasherOf(t, "p2", "p1")
	w := newUsageWorld(t, hasher)
	w.check(t, clock())
	w.flush(t)
	if len(w.recorder.rehashes) != 1 || len(w.recorder.rehashes[0]) != 1 {
		t.Fatalf("rehashes = %d batches", len(w.recorder.rehashes))
	}
	got := w.recorder.rehashes[0][0]
	if got.KeyID != w.secret.KeyID() || got.Old != hasherOf(t, "p1").Hash(w.secret) || got.New != hasher.Hash(w.secret) {
		t.Error("the rehash does not replace the digest of the old pepper by that of the new one")
	}
}

func TestUsage_KeepsDigestsUnderTheCurrentPepper(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1", "p2"))
	w.check(t, clock())
	w.flush(t)
	if len(w.recorder.rehashes) != 0 {
		t.Error("a current digest was queued")
	}
}

func TestUsageRun_WritesTheRestAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newUsageWorld(t, hasherOf(t, "p1"))
		stop := w.run(t)
		w.check(t, clock())
		synctest.Wait()
		stop()
		w.expectUses(t, clock())
	})
}

func TestUsageRun_WritesEveryFiveSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newUsageWorld(t, hasherOf(t, "p1"))
		defer w.run(t)()
		w.check(t, clock())
		<-time.After(5*time.Second + time.Millisecond) // by the bubble's clock
		synctest.Wait()
		w.expectUses(t, clock())
	})
}

// hasherOf returns a hasher with the given peppers, the first being current. p1 is
// the pepper of newHasher, p2 another one.
func hasherOf(t *testing.T, ids ...string) *secrets.Hasher {
	t.Helper()
	peppers := map[string]byte{"p1": 'p', "p2": 'q'}
	entries := make([]string, len(ids))
	for i, id := range ids {
		key := bytes.Repeat([]byte{peppers[id]}, secrets.MinPepperLength)
		entries[i] = id + ":" + base64.StdEncoding.EncodeToString(key)
	}
	ring, err := secrets.ParseRing(strings.Join(entries, ","))
	if err != nil {
		t.Fatal(err)
	}
	return secrets.NewHasher(ring)
}

func TestUsage_IsRecordedAfterTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	w.check(t, clock().Add(30*time.Minute))
	w.flush(t)
	w.check(t, clock())
	w.flush(t)
	w.expectUses(t, clock().Add(30*time.Minute), clock())
}

func TestUsage_QueuesARehashOnceUntilItIsWritten(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p2", "p1"))
	w.recorder.err = domain.ErrUnavailable
	w.check(t, clock())
	if err := w.usage.Flush(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("Flush() = %v", err)
	}
	if got := w.usage.Stats().FailedFlushes; got != 2 {
		t.Errorf("%d failed batches, want one of uses and one of rehashes", got)
	}
	w.recorder.err = nil
	for i := range 3 {
		w.check(t, clock().Add(time.Duration(i)*2*time.Minute))
		w.flush(t)
	}
	if len(w.recorder.rehashes) != 1 {
		t.Errorf("%d batches of rehashes, want 1", len(w.recorder.rehashes))
	}
}

func TestUsage_DropsUsesBeyondItsBound(t *testing.T) {
	t.Parallel()
	w := newRehashWorld(t)
	w.check(t, clock(), w.newKeys(t)...)
	const bound = 16 << 10
	want := ports.UsageStats{Pending: bound, Dropped: moreThanQueue - bound}
	if got := w.usage.Stats(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := w.usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	written := 0
	for _, batch := range w.recorder.uses {
		if len(batch) > 4<<10 {
			t.Errorf("a statement writes %d keys", len(batch))
		}
		written += len(batch)
	}
	if written != bound {
		t.Errorf("%d uses are written, want %d", written, bound)
	}
}

func TestUsage_KeepsTheLaterOfTwoUsesAfterAFailure(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	later := clock().Add(2 * time.Minute)
	w.check(t, clock())
	w.recorder.err = errors.New("down")
	w.recorder.entered = func(context.Context) { w.check(t, later) } // while the first use is being written
	if err := w.usage.Flush(t.Context()); err == nil {
		t.Fatal("the flush succeeds")
	}
	w.recorder.err, w.recorder.entered = nil, nil
	w.flush(t)
	w.expectUses(t, later)
}

func TestUsage_WritesWithADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	w.check(t, clock())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w.recorder.entered = func(ctx context.Context) {
		if _, bounded := ctx.Deadline(); !bounded || ctx.Err() != nil {
			t.Errorf("the last write has a deadline: %v, and has ended: %v", bounded, ctx.Err())
		}
	}
	w.usage.Run(ctx)
	w.expectUses(t, clock())
}
