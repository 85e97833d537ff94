package fault

import (
	"cmp"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/pgtest"
)

// loadVariable is for how long the long form keeps the service at work, a
// duration; 30 minutes without it.
const loadVariable = "APIKEYS_LOAD"

// loadForm is how much is asked, and of how much noise the answer is believed
// to be free.
type loadForm struct {
	keys       int
	lasting    time.Duration
	turn       time.Duration // of measuring the maximum that has to last, five times
	overload   time.Duration // of an overload, and of measuring the maximum before it
	rounds     int           // of both
	sampled    time.Duration
	goodput    float64       // of the maximum, at the least, at three times that
	refusedIn  time.Duration // p99
	crowd      int           // callers of an overload
	memory     int           // more of it in an overload, at the most, in bytes; the race detector takes much
	growth     float64       // of memory, at the most
	goroutines int           // more of them, at the most
}

func formOfLoad(t *testing.T) loadForm {
	t.Helper()
	if os.Getenv(soakVariable) == "" {
		return loadForm{
			keys: 300, lasting: 5 * time.Second, turn: 300 * time.Millisecond, overload: time.Second, rounds: 3,
			sampled: 250 * time.Millisecond, crowd: 256, memory: 800 << 20, goodput: 0.4, refusedIn: time.Second, growth: 2, goroutines: 100,
		}
	}
	lasting, err := time.ParseDuration(cmp.Or(os.Getenv(loadVariable), "30m"))
	if err != nil {
		t.Fatalf("%s: %v", loadVariable, err)
	}
	return loadForm{
		keys: 5000, lasting: lasting, turn: lasting / 30, overload: 10 * time.Second, rounds: 6,
		sampled: 5 * time.Second, crowd: 1000, memory: 300 << 20, goodput: 0.8, refusedIn: 250 * time.Millisecond, growth: 1.1, goroutines: 16,
	}
}

const (
	// steadyCallers are as many as keep the service busy.
	steadyCallers = 64
	// normalWithin bounds an answer when an overload is over.
	normalWithin = 250 * time.Millisecond
)

// maximum is the median of five turns in which each caller asks as soon as it
// is answered.
func (f loadForm) maximum(t *testing.T, callers []*caller, ask kind) float64 {
	t.Helper()
	closed(callers, f.turn, ask) // fills memory, and grows stacks and pools
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
		t.Fatalf("%d wrong answers, the first: %s", y.wrong, y.first)
	}
}

// Not in parallel with others: it measures.
func TestLoad_atFourFifthsOfTheMaximum(t *testing.T) { //nolint:paralleltest // it measures
	f := formOfLoad(t)
	url := pgtest.Start(t, pgtest.WithDurability()).NewDatabase(t)
	h := newBusyHouse(t, url, f.keys)
	callers := h.callers(t, steadyCallers)
	rate := f.maximum(t, callers, mixed) * 4 / 5

	var y *tally
	samples := h.sampled(t, f.sampled, func() { y = open(callers, rate, f.lasting, mixed) })
	mustBeRight(t, y)
	t.Logf("%v at %.0f a second: %s", f.lasting, rate, y)
	if n := y.refused.TotalCount(); n > 0 {
		t.Errorf("%d were refused", n)
	}
	samples.mustBeFlat(t, f)
	h.mustHoldEveryKey(t, url)
}

func TestLoad_atThreeTimesTheMaximum(t *testing.T) { //nolint:paralleltest // it measures
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
			url := pgtest.Start(t, pgtest.WithDurability()).NewDatabase(t)
			h := newBusyHouse(t, url, f.keys)
			few := h.callers(t, steadyCallers)
			for _, c := range few {
				c.connect(t) // now, so that they are among what was there before
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
			t.Logf("goodput is %.2f of the maximum, %.2f by what clients leave of the processors", y.goodput()/most.goodput(), goodput)
			if goodput < f.goodput {
				t.Errorf("goodput is less than %.2f of the maximum", f.goodput)
			}
			t.Logf("memory is %d MB before, %d MB at most", before.memory>>20, samples.mostMemory()>>20)
			if p99 := time.Duration(y.refused.ValueAtQuantile(99)) * time.Microsecond; p99 > f.refusedIn {
				t.Errorf("one in a hundred was refused after %v", p99)
			}
			if more := samples.mostMemory() - before.memory; more > f.memory {
				t.Errorf("it took %d MB more", more>>20)
			}
			h.mustBeNormal(t)
			for _, c := range crowd {
				c.public.close()
				c.internal.close()
			}
			h.mustReturnTo(t, before, connectionsOf(t, url))
			h.mustHoldEveryKey(t, url)
		})
	}
}

// alternated has the service do what it can, and three times that, in turn: a
// machine that is shared with others is slower at times, which has to bear on
// both.
func (f loadForm) alternated(few, crowd []*caller, ask kind) (most, overload *tally) {
	most, overload = newTally(), newTally()
	for range f.rounds {
		most.add(closed(few, f.overload, ask))
		overload.add(open(crowd, 3*most.goodput(), f.overload, ask))
	}
	return most, overload
}

// mustBeNormal looks that answers take no longer than ever, a second after an
// overload.
func (h *busyHouse) mustBeNormal(t *testing.T) {
	t.Helper()
	c := h.caller(t, 0)
	eventually(t, backAfter, "answers are slow when the overload is over", func() bool {
		begun := time.Now()
		if status, right, err := c.create(); err != nil || !right {
			t.Fatalf("create: %d, %v", status, err)
		}
		if status, right, err := check(c); err != nil || !right {
			t.Fatalf("check: %d, %v", status, err)
		}
		return time.Since(begun) < normalWithin
	})
}

// mustHoldEveryKey compares the keys there are with those that were acknowledged.
func (h *busyHouse) mustHoldEveryKey(t *testing.T, databaseURL string) {
	t.Helper()
	keys := count(t, openDatabase(t, databaseURL), `SELECT count(*) FROM api_keys`)
	made := h.seeded + int(h.created.Load())
	if keys < made || keys > made+int(h.doubts.Load()) {
		t.Errorf("%d keys are stored; %d were acknowledged and %d are in doubt", keys, made, h.doubts.Load())
	}
	t.Logf("%d keys acknowledged, %d stored", made, keys)
}

// readings are the vitals of a while.
type readings []vitals

// sampled takes readings while work is done.
func (h *busyHouse) sampled(t *testing.T, every time.Duration, work func()) readings {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); work() }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	var all readings
	for {
		select {
		case <-done:
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

// mustBeFlat compares the last third with the first that is left when a tenth,
// for warming up, is not looked at.
func (all readings) mustBeFlat(t *testing.T, f loadForm) {
	t.Helper()
	all = all[len(all)/10:]
	third := len(all) / 3
	first, last := all[:third].median(), all[len(all)-third:].median()
	t.Logf("first third to last: %d to %d MB, %d to %d goroutines", first.memory>>20, last.memory>>20, first.goroutines, last.goroutines)
	if float64(last.memory) > float64(first.memory)*f.growth {
		t.Errorf("memory grows from %d to %d MB", first.memory>>20, last.memory>>20)
	}
	if last.goroutines > first.goroutines+f.goroutines {
		t.Errorf("goroutines grow from %d to %d", first.goroutines, last.goroutines)
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
