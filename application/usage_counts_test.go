package application_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// counted returns the sum of all counts that were recorded, batches with the same ID
// once.
func (r *recorder) counted() map[ports.CheckCount]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum, seen := map[ports.CheckCount]int64{}, map[string]bool{}
	for _, batch := range r.batches {
		if !seen[batch.ID] {
			for count, n := range batch.Checks {
				sum[count] += n
			}
		}
		seen[batch.ID] = true
	}
	return sum
}

func (w *usageWorld) expectCounts(t *testing.T, want map[ports.CheckCount]int64) {
	t.Helper()
	if diff := cmp.Diff(want, w.recorder.counted()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// count identifies the checks of the world's key.
func (w *usageWorld) count(at time.Time, verdict domain.Verdict) ports.CheckCount {
	return ports.CheckCount{KeyID: w.secret.KeyID(), Day: domain.DayOf(at), Verdict: verdict}
}

func TestUsage_CountsEachCheckOnItsDay(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	midnight := time.Date(2026, 3, 22, 0, 0, 0, 0, time.UTC)
	before, after := midnight.Add(-time.Nanosecond), midnight
	for _, at := range []time.Time{before, before, after, before, after, after} { // replicas need not agree on the time
		w.check(t, at)
	}
	w.check(t, after, "no:such")
	w.flush(t)
	w.flush(t)
	w.expectCounts(t, map[ports.CheckCount]int64{
		w.count(before, domain.VerdictOK):               3,
		w.count(after, domain.VerdictOK):                3,
		w.count(after, domain.VerdictInsufficientScope): 1,
	})
}

func TestUsage_CountsOnlyChecksThatProveASecretAndHaveACost(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	other, err := domain.NewSecretOf(random(), w.secret.KeyID())
	if err != nil {
		t.Fatal(err)
	}
	free, faults := domain.ParseCost(0)
	high, faults2 := domain.ParseCost(1000)
	if faults != nil || faults2 != nil {
		t.Fatal(faults, faults2)
	}
	for _, check := range []domain.Check{
		{Secret: other, Addr: inside},
		{Addr: inside},
		{Secret: w.secret, Addr: inside, Cost: free},
		{Secret: w.secret, Addr: inside, Cost: high},
	} {
		if _, err := w.authorize(clock()).Do(t.Context(), check); err != nil {
			t.Fatal(err)
		}
	}
	w.flush(t)
	w.expectCounts(t, map[ports.CheckCount]int64{w.count(clock(), domain.VerdictOK): 1})
}

// No check is lost or counted twice while counts are taken and batches fail.
func TestUsage_CountsExactlyDuringFlushes(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	w.check(t, clock()) // caches the key
	const checkers, checks = 4, 200
	var running sync.WaitGroup
	done := make(chan struct{})
	for range checkers {
		running.Go(func() {
			authorize := w.authorize(clock())
			for range checks {
				if _, err := authorize.Do(t.Context(), domain.Check{Secret: w.secret, Addr: inside}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() {
		running.Wait()
		close(done)
	}()
	for i := 0; ; i++ {
		select {
		case <-done:
		default:
			w.recorder.fail(i%3 == 0)
			_ = w.usage.Flush(t.Context())
			continue
		}
		break
	}
	w.recorder.fail(false)
	w.flush(t)
	w.expectCounts(t, map[ports.CheckCount]int64{w.count(clock(), domain.VerdictOK): checkers*checks + 1})
}

func TestUsage_RepeatsABatchOfCountsAsItWas(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, hasherOf(t, "p1"))
	w.recorder.lost = true // the batch is recorded, and the response is lost
	for i := range 9 {
		w.check(t, clock())
		if err := w.usage.Flush(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Fatalf("flush %d: %v", i, err)
		}
	}
	w.recorder.lost = false
	w.flush(t)
	w.flush(t)
	w.expectCounts(t, map[ports.CheckCount]int64{w.count(clock(), domain.VerdictOK): 9})
	ids := map[string]bool{}
	for _, batch := range w.recorder.batches {
		if len(batch.Checks) > 0 {
			ids[batch.ID] = true
		}
	}
	if len(ids) != 5 {
		t.Errorf("counts were taken %d times, want 4 that wait and the rest at the end", len(ids))
	}
}

func TestUsage_CountsAFloodOfKeysInBoundedMemory(t *testing.T) {
	t.Parallel()
	w := newRehashWorld(t)
	secrets := w.newKeys(t)
	w.check(t, clock(), secrets...)
	for range 2 { // the second flush has the counts that exceed the first
		if err := w.usage.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	largest := 0
	for _, batch := range w.recorder.batches {
		largest = max(largest, len(batch.Checks))
	}
	if counts := w.recorder.counted(); len(counts) != len(secrets) || largest > 4<<10 {
		t.Errorf("%d of %d keys are counted, up to %d in one statement", len(counts), len(secrets), largest)
	}
	if got := w.usage.Stats().Uncounted; got != 0 {
		t.Errorf("%d checks may not be counted", got)
	}
}

func TestUsage_NotesScopesAndThePreviousSecretOncePerMinute(t *testing.T) {
	t.Parallel()
	w := newRehashWorld(t)
	secrets := w.newKey(t, 2)
	id := secrets[0].KeyID()
	check := func(at time.Time, secret domain.Secret, scopes ...domain.Scope) {
		authorize := application.NewAuthorize(w.keys, w.hasher, w.usage, nil, func() time.Time { return at }, &application.Lifetime{})
		if _, err := authorize.Do(t.Context(), domain.Check{Secret: secret, Scopes: scopes}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, step := range []struct {
		after  time.Duration
		secret int
		scopes []domain.Scope
	}{
		{0, 0, nil},
		{time.Second, 0, []domain.Scope{"payment:read"}},
		{2 * time.Second, 1, []domain.Scope{"payment:read", "payment:read"}},
		{3 * time.Second, 1, []domain.Scope{"no:such"}}, // denied
		{4 * time.Second, 1, nil},
		{62 * time.Second, 1, []domain.Scope{"payment:read"}},
	} {
		check(clock().Add(step.after), secrets[step.secret], step.scopes...)
		if err := w.usage.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, batch := range w.recorder.batches {
			for used, at := range batch.Scopes {
				got = append(got, fmt.Sprint(used.Scope, " ", at.Sub(clock())))
			}
			for used, at := range batch.Previous {
				got = append(got, fmt.Sprint("previous ", used.KeyID == id, " ", at.Sub(clock())))
			}
		}
		w.recorder.batches = nil
	}
	want := []string{"payment:read 1s", "previous true 2s", "payment:read 1m2s", "previous true 1m2s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The port may be missing.
func TestKeyUsage_OfAStoreThatRecordsNone(t *testing.T) {
	t.Parallel()
	ws, created := usedKey(t, nil)
	usage, err := ws.KeyUsage(t.Context(), created.Key.ID(), domain.LastDays(clock()))
	if err != nil || len(usage.Days) != 30 || usage.Days[29].Allowed != 0 {
		t.Errorf("%+v, %v", usage, err)
	}
}

func TestKeyUsage_ReturnsWhatTheStoreReturns(t *testing.T) {
	t.Parallel()
	ws, created := usedKey(t, failingUsage{})
	if _, err := ws.KeyUsage(t.Context(), created.Key.ID(), domain.LastDays(clock())); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("KeyUsage() = %v", err)
	}
	today := domain.DayOf(clock())
	if _, err := ws.KeyUsage(t.Context(), created.Key.ID(), domain.DayRange{From: today, To: today + 1}); err == nil {
		t.Error("the future is used")
	}
}

type failingUsage struct{ ports.UsageRecorder }

func (failingUsage) Usage(context.Context, ports.UsageQuery) (ports.Usage, error) {
	return ports.Usage{}, domain.ErrUnavailable
}

// usedKey returns a workspace whose usage is that of recorder, and a key in it.
func usedKey(t *testing.T, recorder ports.UsageRecorder) (*application.Workspace, application.CreatedKey) {
	t.Helper()
	keys := memory.NewKeyRepository()
	ws := application.NewWorkspaces(application.Dependencies{
		Keys: keys, Writer: keys, Usage: recorder, Hasher: newHasher(t), Random: random(), Now: clock, Lifetime: &application.Lifetime{},
	}).OpenForOperator("tester", workspace, domain.Origin{})
	created, err := ws.CreateKey(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	return ws, created
}
