package limits

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func TestSpend_AllowsExactlyTheLimit(t *testing.T) {
	t.Parallel()
	for _, maximum := range []int64{1, 2, 10, 99, 100, 199, 200, 250, 1000, 1234} {
		c := newClock()
		l := newLimiter(t, newGate(c), c)
		limits := []domain.Limit{rate("default", maximum, "60")}
		for n := range maximum {
			if state := spend(t, l, limits, 1, -1)[0]; state.Remaining != maximum-n-1 || state.Reset != 50*time.Second {
				t.Fatalf("state %+v after %d of %d", state, n+1, maximum)
			}
		}
		spend(t, l, limits, 1, 0)
		spend(t, l, limits, 0, 0)
		c.advance(50 * time.Second)
		spend(t, l, limits, 1, -1)
	}
}

func TestSpend_SpendsFromAllLimitsOrNone(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, newGate(c), c)
	limits := []domain.Limit{rate("a", 10, "60"), rate("b", 3, "60"), rate("quota", 10, "TOTAL")}
	for range 3 {
		spend(t, l, limits, 1, -1)
	}
	states := spend(t, l, limits, 1, 1)
	for i, want := range []int64{7, 0, 7} {
		if states[i].Remaining != want {
			t.Errorf("%d of limit %d remain, want %d", states[i].Remaining, i, want)
		}
	}
	if states[2].Reset >= 0 {
		t.Errorf("TOTAL is reset in %s", states[2].Reset)
	}
	spend(t, l, []domain.Limit{limits[0], limits[2]}, 7, -1)
	spend(t, l, limits, 1, 0)
	spend(t, l, []domain.Limit{limits[2]}, 1, 0)
}

// States of several checks are allocated together.
func TestSpend_ReturnsStatesThatNoOtherCheckChanges(t *testing.T) {
	t.Parallel()
	const checks = 5 * mostStatesAtOnce
	c := newClock()
	l := newLimiter(t, newGate(c), c)
	limits := []domain.Limit{rate("a", 1000, "60"), rate("b", 2000, "60"), rate("quota", 3000, "TOTAL")}
	var all [][]domain.LimitState
	for range checks {
		all = append(all, spend(t, l, limits, 1, -1))
	}
	for n, states := range all {
		_ = append(states, domain.LimitState{}) // as a caller may
		for i, state := range states {
			if want := limits[i].Max - int64(n) - 1; state.Limit != limits[i] || state.Remaining != want {
				t.Errorf("state %+v after %d checks, want %d remaining", state, n+1, want)
			}
		}
	}
}

func TestSpend_JudgesTheCost(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c)
	limits := []domain.Limit{rate("default", 1000, "60")}
	spend(t, l, limits, 1001, 0)
	if lease, err := store.LimitStore.Lease(t.Context(), ports.LeaseRequest{Bucket: ports.Bucket{KeyID: id, Name: "default", Window: limits[0].Window}, Max: 1000}); err != nil || lease.Total() != 0 {
		t.Errorf("a cost that can never be paid has leased %d, %v", lease.Total(), err)
	}
	spend(t, l, limits, 0, -1)
	spend(t, l, limits, 600, -1)
	spend(t, l, limits, 401, 0)
	if state := spend(t, l, limits, 400, -1)[0]; state.Remaining != 0 {
		t.Errorf("%d remain", state.Remaining)
	}
	spend(t, l, limits, 0, 0)
}

func TestSpend_FollowsAChangeOfTheLimit(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l, other := newLimiter(t, store, c), newLimiter(t, store, c)
	at := func(maximum int64) []domain.Limit { return []domain.Limit{rate("default", maximum, "60")} }
	for range 8 {
		spend(t, l, at(1000), 1, -1)
		spend(t, other, at(1000), 1, -1)
	}
	spend(t, l, at(10), 1, 0)
	spend(t, other, at(10), 1, 0)
	spend(t, l, at(16), 1, 0)
	for range 30 {
		spend(t, l, at(1000), 1, -1)
	}
}

func TestSpend_AsksTheStoreOncePerShare(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c)
	limits := []domain.Limit{rate("default", 10_000, "60")}
	for range 10_000 {
		spend(t, l, limits, 1, -1)
	}
	for range 1000 {
		spend(t, l, limits, 1, 0)
	}
	if n := store.requests.Load(); n < 99 || n > 102 {
		t.Errorf("%d requests for 10,000 checks with shares of 100", n)
	}
	c.advance(recheckAfter)
	spend(t, l, limits, 1, 0)
	if n := store.requests.Load(); n > 103 {
		t.Errorf("%d requests, one more is allowed each second", n)
	}
}

func TestSpend_DiscardsAResponseFromAnEndedWindow(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c)
	limits := []domain.Limit{rate("default", 3, "60")}
	store.after = sync.OnceFunc(func() { c.advance(50 * time.Second) })
	for range 3 {
		spend(t, l, limits, 1, -1)
	}
	spend(t, l, limits, 1, 0)
}

func TestSpend_WithoutTheStore(t *testing.T) {
	t.Parallel()
	limits := []domain.Limit{rate("default", 1000, "60"), rate("quota", 1000, "TOTAL")}
	for name, tc := range map[string]struct {
		edit    []func(*Options)
		limits  []domain.Limit
		allowed int // after the store has failed; -1: all
	}{
		"a rate limit is refused beyond what is held":       {nil, limits[:1], 14},
		"a rate limit is passed over if the options say so": {[]func(*Options){allowUnjudged}, limits[:1], -1},
		"a quota is never passed over":                      {[]func(*Options){allowUnjudged}, limits, 14},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			store := newGate(c)
			l := newLimiter(t, store, c, tc.edit...)
			for range 6 { // a share is 10, and the second is prefetched
				spend(t, l, tc.limits, 1, -1)
			}
			store.down.Store(true)
			allowed := 0
			for range 50 {
				_, refusing, err := l.Spend(t.Context(), limited(id, tc.limits), 1, l.now())
				l.inFlight.Wait()
				if err == nil && refusing < 0 {
					allowed++
				} else if !errors.Is(err, domain.ErrUnavailable) {
					t.Fatalf("limit %d refuses, %v", refusing, err)
				}
			}
			if tc.allowed >= 0 && allowed != tc.allowed || tc.allowed < 0 && allowed != 50 {
				t.Errorf("%d allowed, want %d", allowed, tc.allowed)
			}
			if requests := store.requests.Load(); requests > 10 {
				t.Errorf("%d requests to a store that has failed", requests)
			}
			store.down.Store(false)
			c.advance(retryAfter)
			spend(t, l, tc.limits, 1, -1)
		})
	}
}

func TestSpend_DoesNotWaitLongerThanItsContext(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c, allowUnjudged)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	store.onLease = func() { cancel(); <-release }
	_, _, err := l.Spend(ctx, limited(id, []domain.Limit{rate("default", 1, "60")}), 1, l.now())
	close(release)
	l.inFlight.Wait()
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

func TestClose_GivesBackWhatIsNotSpent(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c)
	limits := []domain.Limit{rate("default", 1000, "60"), rate("quota", 1000, "TOTAL")}
	spend(t, l, limits, 3, -1)
	l.Close()
	next := newLimiter(t, store, c)
	spend(t, next, limits, 997, -1)
	spend(t, next, limits, 1, 0)
}

func TestSpend_GivesBackTheSharesOfEvictedKeys(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c, func(o *Options) { o.MaximumKeys = 1 })
	limits := []domain.Limit{rate("quota", 1000, "TOTAL")}
	spent := map[domain.KeyID]int{}
	var keys [3]*application.LimitedKey
	for i := range keys {
		keys[i] = limited(domain.KeyID(fmt.Sprintf("sk_live_%016d", i)), limits)
	}
	for n := range 3000 {
		key := keys[n%len(keys)]
		_, refusing, err := l.Spend(t.Context(), key, 1, l.now())
		if err != nil {
			t.Fatal(err)
		}
		if refusing < 0 {
			spent[key.ID]++
		}
	}
	l.inFlight.Wait()
	for key, n := range spent {
		if n > 1000 {
			t.Errorf("%s: %d allowed", key, n)
		}
	}
	if size := l.keys.EstimatedSize(); size > 10 {
		t.Errorf("%d keys in memory", size)
	}
}

func TestSpend_NeverAllowsOneTooManyUnderConcurrency(t *testing.T) {
	t.Parallel()
	const maximum, replicas = 5000, 4
	c := newClock()
	store := newGate(c)
	limits := []domain.Limit{rate("default", maximum, "60"), rate("quota", 2*maximum, "DAY")}
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range replicas {
		l, key := newLimiter(t, store, c), limited(id, limits)
		for range 4 {
			wg.Go(func() {
				for {
					_, refusing, err := l.Spend(t.Context(), key, 1, l.now())
					if err != nil {
						t.Error(err)
					}
					if err != nil || refusing >= 0 {
						return
					}
					if allowed.Add(1) > maximum {
						return
					}
				}
			})
		}
	}
	wg.Wait()
	if n := allowed.Load(); n > maximum || n < maximum-replicas*maximum/50 {
		t.Errorf("%d allowed, want %d to %d", n, maximum-replicas*maximum/50, maximum)
	}
}

// TestSpend_Model compares replicas with a plain counter per window, while the clock
// moves and replicas stop and crash.
func TestSpend_Model(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		store := newGate(c)
		limits := []domain.Limit{
			rate("short", rapid.Int64Range(1, 400).Draw(t, "short"), "7"),
			rate("long", rapid.Int64Range(1, 1000).Draw(t, "long"), "60"),
			rate("quota", rapid.Int64Range(1, 3000).Draw(t, "quota"), "DAY"),
		}
		replicas := make([]*Limiter, rapid.IntRange(1, 4).Draw(t, "replicas"))
		for i := range replicas {
			replicas[i] = newLimiter(t, store, c)
		}
		type window struct {
			name  string
			start int64
		}
		spent := map[window]int64{}
		lost := map[window]int64{} // held by crashed replicas, at most
		of := func(limit domain.Limit) window { return window{limit.Name, limit.Window.Start(c.now()).Unix()} }
		tolerated := func(limit domain.Limit) int64 { // unspent, of all replicas
			return int64(len(replicas))*(share(&limit)+share(&limit)/2) + lost[of(limit)]
		}
		t.Repeat(map[string]func(*rapid.T){
			"spend": func(t *rapid.T) {
				l := rapid.SampledFrom(replicas).Draw(t, "replica")
				cost := rapid.SampledFrom([]int64{0, 1, 1, 1, 1, 2, 5, 50}).Draw(t, "cost")
				for range rapid.IntRange(1, 40).Draw(t, "times") {
					_, refusing, err := l.Spend(context.Background(), limited(id, limits), cost, l.now())
					l.inFlight.Wait()
					if err != nil {
						t.Fatal(err)
					}
					if refusing >= 0 {
						limit := limits[refusing]
						if left := limit.Max - spent[of(limit)]; left >= max(cost, 1)+tolerated(limit) {
							t.Fatalf("%s refuses %d, though %d are left", limit.Name, cost, left)
						}
						continue
					}
					for _, limit := range limits {
						if spent[of(limit)] += cost; spent[of(limit)] > limit.Max {
							t.Fatalf("%s: %d allowed", limit.Name, spent[of(limit)])
						}
					}
				}
			},
			"wait": func(t *rapid.T) {
				c.advance(time.Duration(rapid.Int64Range(1, int64(20*time.Second)).Draw(t, "time")))
			},
			"restart": func(t *rapid.T) {
				i := rapid.IntRange(0, len(replicas)-1).Draw(t, "replica")
				if rapid.Bool().Draw(t, "crash") {
					for _, limit := range limits {
						lost[of(limit)] += share(&limit) + share(&limit)/2 + 50
					}
				} else {
					replicas[i].Close()
				}
				replicas[i] = newLimiter(t, store, c)
			},
		})
	})
}

func TestStates_AsksOnceAWindowAndSpendsNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c)
	limits := []domain.Limit{rate("default", 10, "60"), rate("quota", 5, "TOTAL")}
	other := newLimiter(t, store, c)
	spend(t, other, limits, 3, -1)
	asked := store.requests.Load()
	for range 3 {
		states := l.States(t.Context(), limited(id, limits), c.now())
		if len(states) != 2 || states[0].Remaining != 7 || states[0].Reset != 50*time.Second || states[1].Remaining != 2 || states[1].Reset != -1 {
			t.Fatalf("states %+v", states)
		}
	}
	if n := store.requests.Load() - asked; n != 2 {
		t.Errorf("%d requests to the store, want one for each limit", n)
	}
	c.advance(50 * time.Second)
	if states := l.States(t.Context(), limited(id, limits), c.now()); states[0].Remaining != 10 || states[0].Reset != time.Minute || !states[0].Start.Equal(c.now()) {
		t.Errorf("states in the next window: %+v", states)
	}
	spend(t, l, limits, 2, -1)
}

func TestStates_SayWhatIsKnownWithoutTheStore(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	store.down.Store(true)
	l := newLimiter(t, store, c)
	states := l.States(t.Context(), limited(id, []domain.Limit{rate("default", 10, "60"), rate("quota", 5, "TOTAL")}), c.now())
	if len(states) != 2 || states[0].Remaining != 10 || states[0].Reset != 50*time.Second || states[1].Remaining != 5 || states[1].Reset != -1 {
		t.Errorf("states %+v", states)
	}
}

func TestLook_SeesWhatTheStoreAndThisProcessHave(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l, other := newLimiter(t, store, c), newLimiter(t, store, c)
	limits := []domain.Limit{rate("default", 1000, "60")}
	spend(t, l, limits, 1, -1)
	spend(t, other, limits, 1, -1)
	for range 2 {
		states, err := l.Look(t.Context(), id, limits)
		// The other limiter was granted a share of 10 and has spent 1 of it.
		if err != nil || states[0].Remaining != 1000-1-10 || states[0].Reset != 50*time.Second {
			t.Errorf("states %+v, %v", states, err)
		}
	}
	failing := newLimiter(t, brokenPeek{store}, c)
	if _, err := failing.Look(t.Context(), id, limits); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Look returns %v", err)
	}
}

func TestLook_SeesNoMoreThanIsLeftWhileChecksLease(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := &spendingPeek{LimitStore: newGate(c)}
	l := newLimiter(t, store, c)
	limits := []domain.Limit{rate("default", 1000, "60")}
	for spent := int64(1); spent < 40; spent++ {
		store.after = func() { spend(t, l, limits, 1, -1) }
		states, err := l.Look(t.Context(), id, limits)
		if err != nil || states[0].Remaining > 1000-spent+1 || states[0].Remaining < 1000-spent {
			t.Errorf("after %d: states %+v, %v", spent, states, err)
		}
	}
}

func TestLook_LeasesAndRemembersNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c)
	limits := []domain.Limit{rate("default", 2, "60")}
	for i := range 1000 {
		other := domain.KeyID(fmt.Sprintf("sk_live_%016d", i))
		if states, err := l.Look(t.Context(), other, limits); err != nil || states[0].Remaining != 2 {
			t.Fatalf("states %+v, %v", states, err)
		}
	}
	if known, asked := l.keys.EstimatedSize(), store.requests.Load(); known != 0 || asked != 0 {
		t.Errorf("looking at 1000 keys leaves %d in memory, after %d leases", known, asked)
	}
}

// spendingPeek calls after when a count has been read.
type spendingPeek struct {
	ports.LimitStore

	after func()
}

func (p *spendingPeek) Peek(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	seen, err := p.LimitStore.Peek(ctx, request)
	p.after()
	return seen, err
}

type brokenPeek struct{ ports.LimitStore }

func (brokenPeek) Peek(context.Context, ports.LeaseRequest) (ports.Lease, error) {
	return ports.Lease{}, errors.New("broken")
}

func TestClose_AsksTheStoreNoMore(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := newGate(c)
	l := newLimiter(t, store, c)
	limits := []domain.Limit{rate("quota", 1000, "TOTAL")}
	spend(t, l, limits, 1, -1)
	l.Close()
	asked := store.requests.Load()
	if _, refusing, err := l.Spend(t.Context(), limited(id, limits), 1, l.now()); !errors.Is(err, domain.ErrUnavailable) || refusing != 0 {
		t.Errorf("after Close: limit %d refuses, %v", refusing, err)
	}
	if n := store.requests.Load(); n != asked {
		t.Errorf("%d requests after Close", n-asked)
	}
	if lease, err := store.Peek(t.Context(), ports.LeaseRequest{Bucket: ports.Bucket{KeyID: id, Name: "quota", Window: limits[0].Window}, Max: 1000}); err != nil || lease.Total() != 1 {
		t.Errorf("%d count as spent, %v; want what was spent", lease.Total(), err)
	}
}
