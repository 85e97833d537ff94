package fault

import (
	"cmp"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"
)

// loadVariable sets how long the long form loads the service. It defaults to 30
// minutes.
const loadVariable = "APIKEYS_LOAD"

// loadForm describes the load, and what is expected of the responses. The short
// form asserts only what other programs on the machine cannot affect.
type loadForm struct {
	keys     int
	lasting  time.Duration
	turn     time.Duration // of measuring the maximum for the steady load, five times
	overload time.Duration // of an overload, and of measuring the maximum before it
	rounds   int           // of measuring and overloading
	sampled  time.Duration
	crowd    int // callers in an overload
	memory   int // maximum additional memory in an overload, in bytes; the race detector needs much
}

func formOfLoad(t *testing.T) loadForm {
	t.Helper()
	if !soaking() {
		return loadForm{
			keys: 100, lasting: time.Second, turn: 100 * time.Millisecond, overload: 300 * time.Millisecond, rounds: 1,
			sampled: 100 * time.Millisecond, crowd: 256, memory: 800 << 20,
		}
	}
	lasting, err := time.ParseDuration(cmp.Or(os.Getenv(loadVariable), "30m"))
	if err != nil {
		t.Fatalf("%s: %v", loadVariable, err)
	}
	return loadForm{
		keys: 5000, lasting: lasting, turn: lasting / 30, overload: 10 * time.Second, rounds: 6,
		sampled: 5 * time.Second, crowd: 1000, memory: 300 << 20,
	}
}

const (
	// steadyCallers is the number of callers that keep the service busy.
	steadyCallers = 64
	// leastGoodput is the minimum goodput at three times the maximum, as a
	// fraction of the maximum.
	leastGoodput = 0.8
	// refusedIn is how soon an overloaded service refuses a request (p99).
	refusedIn = 250 * time.Millisecond
	// normalWithin is how soon a response is expected after an overload.
	normalWithin = 250 * time.Millisecond
	// moreMemory and moreBusyGoroutines limit the growth of a service under
	// steady load.
	moreMemory         = 1.1
	moreBusyGoroutines = 16
)

// maximum returns the median rate of five turns in which each caller sends a
// request as soon as it has a response.
func (f loadForm) maximum(t *testing.T, callers []*caller, ask kind) float64 {
	t.Helper()
	closed(callers, f.turn, ask) // fills the cache, and grows stacks and pools
	var rates []float64
	for range 5 {
		y := closed(callers, f.turn, ask)
		mustBeRight(t, y)
		rates = append(rates, y.goodput())
	}
	slices.Sort(rates)
	t.Logf("at most %.0f a second (%.0f to %.0f)", rates[2], rates[0], rates[4])
	return rates[2]
}

func mustBeRight(t *testing.T, y *tally) {
	t.Helper()
	if y.wrong > 0 {
		t.Fatalf("%d wrong responses, the first: %s", y.wrong, y.first)
	}
}

// Not parallel, because it measures.
func TestLoad_AtFourFifthsOfTheMaximum(t *testing.T) { //nolint:paralleltest // it measures
	f := formOfLoad(t)
	url := startDurable(t).NewDatabase(t)
	h := newBusyHouse(t, url, f.keys)
	callers := h.callers(t, steadyCallers)
	rate := f.maximum(t, callers, mixed) * 4 / 5

	var y *tally
	samples := h.sampled(t, f.sampled, func() { y = open(callers, rate, f.lasting, mixed) })
	mustBeRight(t, y)
	t.Logf("%v at %.0f a second: %s", f.lasting, rate, y)
	if n := y.refused.TotalCount(); n > 0 {
		exceeded(t, "%d were refused", n)
	}
	samples.areFlat(t)
	h.mustHoldEveryKey(t, url)
}

func TestLoad_AtThreeTimesTheMaximum(t *testing.T) { //nolint:paralleltest // it measures
	f := formOfLoad(t)
	for _, of := range []struct {
		name string
		ask  kind
	}{
		{"checks", check},
		{"management", manage},
		{"both", mixed},
	} {
		t.Run(of.name, func(t *testing.T) { //nolint:paralleltest // it measures
			url := startDurable(t).NewDatabase(t)
			h := newBusyHouse(t, url, f.keys)
			few := h.callers(t, steadyCallers)
			for _, c := range few {
				c.connect(t) // now, so that they count as existing before
			}
			mustBeRight(t, closed(few, f.overload, of.ask)) // fills memory, and grows stacks and pools
			before, crowd := h.vitals(t), h.callers(t, f.crowd)

			var most, y *tally
			samples := h.sampled(t, f.sampled, func() { most, y = f.alternated(few, crowd, of.ask) })
			mustBeRight(t, most)
			mustBeRight(t, y)
			t.Logf("at most: %s", most)
			t.Logf("at three times that: %s", y)
			goodput := y.yield() / most.yield()
			t.Logf("goodput is %.2f of the maximum, %.2f scaled by the processor time that clients leave", y.goodput()/most.goodput(), goodput)
			if goodput < leastGoodput {
				exceeded(t, "goodput is %.2f of the maximum, want %.2f", goodput, leastGoodput)
			}
			t.Logf("memory is %d MB before, %d MB at most", before.memory>>20, samples.mostMemory()>>20)
			if p99 := time.Duration(y.refused.ValueAtQuantile(99)) * time.Microsecond; p99 > refusedIn {
				exceeded(t, "one in a hundred was refused after %v, want %v", p99, refusedIn)
			}
			if more := samples.mostMemory() - before.memory; more > f.memory {
				t.Errorf("it took %d MB more", more>>20)
			}
			h.becomesNormal(t)
			for _, c := range crowd {
				c.public.close()
				c.internal.close()
			}
			h.mustReturnTo(t, before, connectionsOf(t, url))
			h.mustHoldEveryKey(t, url)
		})
	}
}

// alternated loads the service with its maximum, and with three times that, in
// turn, so that times in which a shared machine is slower affect both.
func (f loadForm) alternated(few, crowd []*caller, ask kind) (most, overload *tally) {
	most, overload = newTally(), newTally()
	for range f.rounds {
		most.add(closed(few, f.overload, ask))
		overload.add(open(crowd, 3*most.goodput(), f.overload, ask))
	}
	return most, overload
}

// becomesNormal waits until the overload has no more effect: a create and a
// check get correct responses soon.
func (h *busyHouse) becomesNormal(t *testing.T) {
	t.Helper()
	c, over := h.caller(t, 0), time.Now()
	var begun time.Time
	eventually(t, "the service has not recovered from the overload", func() bool {
		begun = time.Now()
		for _, ask := range []kind{(*caller).create, check} {
			status, right, err := ask(c)
			if err != nil || !right && status != http.StatusServiceUnavailable {
				t.Fatalf("after the overload: %d, %v", status, err)
			}
			if !right {
				return false
			}
		}
		return !soaking() || time.Since(begun) < normalWithin
	})
	if late := begun.Sub(over); late > backAfter {
		exceeded(t, "answers are as quick as ever %v after the overload, want %v", late, backAfter)
	}
}

// mustHoldEveryKey compares the stored keys with the acknowledged ones.
func (h *busyHouse) mustHoldEveryKey(t *testing.T, databaseURL string) {
	t.Helper()
	keys := count(t, openDatabase(t, databaseURL), `SELECT count(*) FROM api_keys`)
	made := h.seeded + int(h.created.Load())
	if keys < made || keys > made+int(h.doubts.Load()) {
		t.Errorf("%d keys are stored; %d were acknowledged and %d are in doubt", keys, made, h.doubts.Load())
	}
	t.Logf("%d keys acknowledged, %d stored", made, keys)
}

// readings are vitals over a period.
type readings []vitals

// fewestReadings have a first and a last third.
const fewestReadings = 3

// sampled takes readings while work is done, and after it if they are too few.
func (h *busyHouse) sampled(t *testing.T, every time.Duration, work func()) readings {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); work() }()
	t.Cleanup(func() { <-done })
	tick := time.NewTicker(every)
	defer tick.Stop()
	var all readings
	for {
		select {
		case <-done:
			for len(all) < fewestReadings { // on a busy machine
				all = append(all, h.vitals(t))
			}
			return all
		case <-tick.C:
			all = append(all, h.vitals(t))
		}
	}
}

func (all readings) mostMemory() (most int) {
	for _, r := range all {
		most = max(most, r.memory)
	}
	return most
}

// areFlat compares the first third with the last, not counting a tenth for
// warming up.
func (all readings) areFlat(t *testing.T) {
	t.Helper()
	all = all[len(all)/10:]
	third := len(all) / 3
	first, last := all[:third].median(), all[len(all)-third:].median()
	t.Logf("first third to last: %d to %d MB, %d to %d goroutines", first.memory>>20, last.memory>>20, first.goroutines, last.goroutines)
	if float64(last.memory) > float64(first.memory)*moreMemory {
		exceeded(t, "memory grows from %d to %d MB", first.memory>>20, last.memory>>20)
	}
	if last.goroutines > first.goroutines+moreBusyGoroutines {
		exceeded(t, "goroutines grow from %d to %d", first.goroutines, last.goroutines)
	}
}

func (all readings) median() vitals {
	var memory, goroutines []int
	for _, r := range all {
		memory, goroutines = append(memory, r.memory), append(goroutines, r.goroutines)
	}
	slices.Sort(memory)
	slices.Sort(goroutines)
	return vitals{memory: memory[len(all)/2], goroutines: goroutines[len(all)/2]}
}
