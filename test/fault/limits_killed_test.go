package fault

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	limitKills, limitKillsSoaking = 4, 50
	// limitReplicas services spend the same limits.
	limitReplicas = 4
	// spendersAtOnce clients spend limits concurrently, each from all keys in turn.
	spendersAtOnce = 6
	// mostSpentBeforeKill is the maximum number of responses between two kills.
	mostSpentBeforeKill = 400
	// totalLimit is a quota that the load does not use up.
	totalLimit = 100_000
)

func refusedByLimit(a answer) bool { return says("RATE_LIMITED")(a) || says("QUOTA_EXCEEDED")(a) }

// spenders are services that spend limits, and clients that ask them. A killed service
// is replaced.
type spenders struct {
	services [limitReplicas]atomic.Pointer[spender]
	keys     []*spentKey

	left    atomic.Int64 // responses until the next kill
	enough  chan struct{}
	stopped chan struct{}
	clients sync.WaitGroup
	over    chan struct{} // closed when no client is left
	held    sync.RWMutex  // while it is locked, no client spends
}

// newSpenders starts services and the clients that spend keys of them. A check of the
// last key, whose quota does not end, has the given cost.
func newSpenders(t *testing.T, d *deployment, cost int64) *spenders {
	t.Helper()
	d.settings.LimitsDuringOutage = "deny" // by default, what is not counted in time is admitted
	s := &spenders{keys: newSpentKeys(), enough: make(chan struct{}, 1), stopped: make(chan struct{}), over: make(chan struct{})}
	for i := range s.services {
		s.services[i].Store(&spender{process: d.startReady(t)})
	}
	for _, k := range s.keys {
		k.secret, k.cost = s.services[0].Load().newKey(t, k.members), 1
	}
	s.keys[len(s.keys)-1].cost = cost
	for range spendersAtOnce {
		s.clients.Go(func() { s.client(t) })
	}
	go func() { s.clients.Wait(); close(s.over) }()
	return s
}

// await waits for that many more responses.
func (s *spenders) await(t *testing.T, responses int64) {
	t.Helper()
	s.left.Store(responses)
	select {
	case <-s.enough:
	case <-s.over:
		t.Fatal("no client is left")
	case <-time.After(patience):
		t.Fatalf("%d of %d responses are missing after %v", s.left.Load(), responses, patience)
	}
}

type spender struct {
	*process
	killed atomic.Bool // set before the kill
}

// client spends from all keys in turn until it is stopped. Only services that are
// killed meanwhile may fail to respond.
func (s *spenders) client(t *testing.T) {
	rest := time.NewTicker(pause)
	defer rest.Stop()
	for n := 0; ; n++ {
		select {
		case <-s.stopped:
			return
		case <-rest.C:
		}
		service := s.services[rand.IntN(limitReplicas)].Load()
		if service.killed.Load() {
			continue
		}
		k := s.keys[n%len(s.keys)]
		s.held.RLock()
		a, err := k.spend(context.WithoutCancel(t.Context()), service.world, k.cost)
		s.held.RUnlock()
		switch {
		case err != nil:
			if !service.killed.Load() {
				t.Errorf("no response: %v", err)
				return
			}
		case !allowed(a) && !refusedByLimit(a) && a.status != http.StatusServiceUnavailable:
			t.Errorf("%d %s", a.status, a.body)
			return
		case s.left.Add(-1) == 0:
			s.enough <- struct{}{}
		}
	}
}

func TestLimits_NeverOneTooManyWhileServicesAreKilled(t *testing.T) {
	t.Parallel()
	d := deploy(t, pgtest.NewDatabase(t))
	s := newSpenders(t, d, 1)
	stop := sync.OnceFunc(func() { close(s.stopped); <-s.over })
	defer stop()

	kills := times(t, limitKills, limitKillsSoaking)
	for range kills { // the clients go on until the victim is replaced
		s.await(t, 1+rand.Int64N(mostSpentBeforeKill))
		i := rand.IntN(limitReplicas)
		victim := s.services[i].Load()
		victim.killed.Store(true)
		victim.kill(t)
		s.services[i].Store(&spender{process: d.startReady(t)})
	}
	stop()

	total := s.keys[len(s.keys)-1]
	s.exhaust(t, total, totalLimit)
	for _, k := range s.keys {
		for _, limit := range k.limits {
			k.mustNotExceed(t, limit)
		}
	}
	// A kill loses what the service held, which is at most one and a half shares.
	const share = totalLimit / 100
	spent := total.spent()
	if least := totalLimit - int64(kills)*share*3/2 - int64(total.unknown); spent < least {
		exceeded(t, "%d of %d were admitted after %d kills, want at least %d", spent, totalLimit, kills, least)
	}
	t.Logf("%d kills: not one too many; of a quota of %d, %d were admitted and %d lost", kills, totalLimit, spent, totalLimit-spent)
}

// exhaust spends the quota of k until no service admits any more, or more than most is
// spent.
func (s *spenders) exhaust(t *testing.T, k *spentKey, most int64) {
	t.Helper()
	for cost := int64(4096); cost > 0; cost /= 4 {
		for i := range s.services {
			service := s.services[i].Load()
			for {
				a := available(t, func() answer {
					a, err := k.spend(t.Context(), service.world, cost)
					if err != nil {
						t.Fatal(err)
					}
					return a
				})
				if !allowed(a) || k.spent() > most {
					break
				}
			}
		}
	}
}
