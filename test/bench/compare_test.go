package bench

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The work of one comparison. Many short rounds rather than few long ones:
// what else the machine does changes from second to second.
const rounds = 15 // odd, for the median's sake

// keysFor is how many keys a side makes in one turn.
func keysFor(concurrency int) int {
	if concurrency == 1 {
		return 300
	}
	return 1200
}

// side is one of the two that are compared.
type side interface {
	// clients returns n clients that make that many keys among them. What a
	// client can prepare without the database is prepared.
	clients(b testing.TB, n, keys int) []client
}

// client makes the i-th key of a turn, counted from 0, and returns when it is
// on the disk. It is used by one goroutine.
type client func(i int) error

// pair is the service and its measure, each with a database of its own.
type pair struct{ bare, service side }

// result is what the rounds with one number of clients gave.
type result struct {
	engine        string
	concurrency   int
	ratios        []float64 // of each round, service to bare, in rising order
	bare, service figures
	unavailable   int64 // answers 503, after which the client asked again
}

func (r result) ratio() float64 { return quantile(r.ratios, 0.5) }

// figures are of one side: the median rate of the rounds, and latencies of
// all requests together.
type figures struct {
	rate     float64 // keys a second
	p50, p99 time.Duration
}

// compare lets both sides take turns with that many clients.
func compare(b testing.TB, p pair, concurrency int) result {
	b.Helper()
	keys := keysFor(concurrency)
	turns := interleave(b, entrant{p.bare, concurrency, keys}, entrant{p.service, concurrency, keys})
	return newResult(concurrency, turns[0], turns[1], turn.rate)
}

// entrant is a side, and what it does in one turn.
type entrant struct {
	side        side
	concurrency int
	keys        int
}

// interleave lets all take turns, so that what else the machine does meets
// all, and the one to begin is never the same twice running. It returns the
// turns of each.
func interleave(b testing.TB, all ...entrant) [][]turn {
	b.Helper()
	for _, e := range all { // connects and prepares
		take(b, e.side, e.concurrency, e.keys)
	}
	turns := make([][]turn, len(all))
	for round := range rounds {
		for i := range all {
			i = (i + round) % len(all)
			turns[i] = append(turns[i], take(b, all[i].side, all[i].concurrency, all[i].keys))
		}
	}
	return turns
}

// newResult compares the turns of two sides, round by round, by a figure.
func newResult(concurrency int, bare, service []turn, figure func(turn) float64) result {
	ratios := make([]float64, rounds)
	for round := range ratios {
		ratios[round] = figure(service[round]) / figure(bare[round])
	}
	slices.Sort(ratios)
	return result{
		concurrency: concurrency,
		ratios:      ratios,
		bare:        summarize(bare),
		service:     summarize(service),
	}
}

// turn is what one side did in one round.
type turn struct {
	took      time.Duration
	latencies []time.Duration
}

func (t turn) rate() float64 { return float64(len(t.latencies)) / t.took.Seconds() }

// take lets the clients of s make that many keys as fast as they can.
func take(b testing.TB, s side, concurrency, keys int) turn {
	b.Helper()
	clients := s.clients(b, concurrency, keys)
	latencies := make([]time.Duration, keys)
	failures := make([]error, len(clients))
	var next atomic.Int64
	var working sync.WaitGroup
	runtime.GC() // what the turn before left behind is not this one's cost
	begun := time.Now()
	for c, create := range clients {
		working.Go(func() {
			for i := next.Add(1) - 1; i < int64(keys); i = next.Add(1) - 1 {
				sent := time.Now()
				if failures[c] = create(int(i)); failures[c] != nil {
					return
				}
				latencies[i] = time.Since(sent)
			}
		})
	}
	working.Wait()
	took := time.Since(begun)
	for _, err := range failures {
		if err != nil {
			b.Fatal(err)
		}
	}
	return turn{took: took, latencies: latencies}
}

func summarize(turns []turn) figures {
	var rates []float64
	var all []time.Duration
	for _, t := range turns {
		rates = append(rates, t.rate())
		all = append(all, t.latencies...)
	}
	slices.Sort(rates)
	slices.Sort(all)
	return figures{rate: quantile(rates, 0.5), p50: quantile(all, 0.5), p99: quantile(all, 0.99)}
}

// quantile returns the value that a share of sorted lies below.
func quantile[T any](sorted []T, share float64) T {
	return sorted[int(share*float64(len(sorted)))]
}
