package fault

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const (
	// answerWithin is how soon every response must come, whatever the fault of
	// the database: the service waits 2 s for the store.
	answerWithin = 3 * time.Second
	// pause is the minimum time between two requests of a client.
	pause = 5 * time.Millisecond
)

// trafficPause is pause for clients that go on for as long as a fault lasts. Only a soak
// keeps the machine busy with them.
func trafficPause() time.Duration {
	if soaking() {
		return pause
	}
	return 10 * pause
}

// traffic consists of the requests during a fault: owners change keys, and
// others check them. Every request must get a response, and no response may be
// wrong.
type traffic struct {
	t       *testing.T
	stop    func() // stops the clients and waits for them
	stopped chan struct{}
	clients sync.WaitGroup
	answers []*atomic.Int64 // responses to each client

	mu       sync.Mutex // guards what follows
	statuses map[int]int
	slowest  time.Duration
}

// newTraffic returns traffic without clients. Its clients stop before the test
// ends, however it ends, because they report to it.
func newTraffic(t *testing.T) *traffic {
	t.Helper()
	tr := &traffic{t: t, stopped: make(chan struct{}), statuses: map[int]int{}}
	tr.stop = sync.OnceFunc(func() {
		close(tr.stopped)
		tr.clients.Wait()
	})
	t.Cleanup(tr.stop)
	return tr
}

// warmUp lets the owners work for a while, and returns the vitals of the service
// after that.
func (all owners) warmUp(t *testing.T, w *world, good, bad string) vitals {
	t.Helper()
	tr := all.drive(t, w, good, bad)
	tr.goesOn(5)
	tr.end()
	return w.vitals(t)
}

// drive starts the requests of the owners, and checks of an allowed key, a
// denied one, and an unknown one.
func (all owners) drive(t *testing.T, w *world, good, bad string) *traffic {
	t.Helper()
	tr := newTraffic(t)
	for _, o := range all {
		tr.client(func(ctx context.Context) (answer, error) { return o.current().next(ctx, w) }, changed)
	}
	tr.client(func(ctx context.Context) (answer, error) { return w.check(ctx, good) }, says("OK"))
	tr.client(func(ctx context.Context) (answer, error) { return w.check(ctx, bad) }, says("DISABLED"))
	tr.client(func(ctx context.Context) (answer, error) { return w.check(ctx, unknownSecret()) }, says("NOT_FOUND"))
	return tr
}

// unknownSecret returns a new secret that belongs to no key, so that the store
// is read.
func unknownSecret() string {
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		panic(err) // the system has no randomness
	}
	return secret.Reveal()
}

func (w *world) check(ctx context.Context, secret string) (answer, error) {
	return w.ask(ctx, http.MethodPost, w.internal+"/internal/v1/api-keys/verify", `{"key":"`+secret+`"}`)
}

// changed accepts the responses to a change: that it was made, or that the same
// request, whose client gave up, is still in flight.
func changed(a answer) bool {
	return a.status/100 == 2 || a.status == http.StatusConflict && member(a.body, "code") == "4090"
}

// says accepts one result of a check.
func says(reason string) func(answer) bool {
	return func(a answer) bool { return a.status == http.StatusOK && member(a.body, "reason") == reason }
}

// client sends requests until it is stopped. Every response must be correct, or
// 503.
func (tr *traffic) client(ask func(context.Context) (answer, error), right func(answer) bool) {
	answers := new(atomic.Int64)
	tr.answers = append(tr.answers, answers)
	tr.clients.Go(func() {
		rest := time.NewTicker(trafficPause())
		defer rest.Stop()
		for {
			a, err := ask(context.WithoutCancel(tr.t.Context()))
			switch {
			case err != nil:
				tr.t.Errorf("no response: %v", err)
			case a.status != http.StatusServiceUnavailable && !right(a):
				tr.t.Errorf("%d %s", a.status, a.body)
			}
			tr.note(a)
			answers.Add(1)
			select {
			case <-tr.stopped:
				return
			case <-rest.C:
			}
		}
	})
}

func (tr *traffic) note(a answer) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.statuses[a.status]++
	tr.slowest = max(tr.slowest, a.took)
}

// goesOn waits until every client has n more responses, the first of which may
// be to an earlier request.
func (tr *traffic) goesOn(n int64) {
	tr.t.Helper()
	var want []int64
	for _, a := range tr.answers {
		want = append(want, a.Load()+n)
	}
	for i, a := range tr.answers {
		eventually(tr.t, "a client is kept waiting", func() bool { return a.Load() >= want[i] })
	}
}

// isUnavailable waits until a client gets 503.
func (tr *traffic) isUnavailable() {
	tr.t.Helper()
	eventually(tr.t, "nobody is answered 503", func() bool {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return tr.statuses[http.StatusServiceUnavailable] > 0
	})
}

// end stops the traffic and returns a description of it.
func (tr *traffic) end() string {
	tr.t.Helper()
	tr.stop()
	if tr.slowest > answerWithin {
		exceeded(tr.t, "an answer took %v, want %v", tr.slowest, answerWithin)
	}
	var statuses []string
	for status, n := range tr.statuses {
		statuses = append(statuses, fmt.Sprintf("%d × %d", n, status))
	}
	slices.Sort(statuses)
	return fmt.Sprintf("answers %s, the slowest after %v", strings.Join(statuses, ", "), tr.slowest.Round(time.Millisecond))
}

// recovers waits until the service works again, and returns the time since the
// end of the fault.
func (w *world) recovers(t *testing.T, since time.Time, good string) time.Duration {
	t.Helper()
	probe := newOwners(1)[0]
	probe.name = fmt.Sprintf("probe-%d", since.UnixNano())
	eventually(t, "the service is not back", func() bool {
		a, err := probe.current().next(t.Context(), w)
		return err == nil && a.status/100 == 2 && allowed(w.verify(t, good)) && w.ready(t).status == http.StatusOK
	})
	took := time.Since(since)
	if took > backAfter {
		exceeded(t, "the service is back after %v, want %v", took, backAfter)
	}
	return took
}
