package bench

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The number of rounds of one comparison. Many short rounds are better than few long
// ones, because the load of the machine changes from second to second.
const rounds = 15 // odd, so that there is a median

// keysFor returns the number of keys that a side creates in one turn.
func keysFor(concurrency int) int {
	if concurrency == 1 {
		return 300
	}
	return 1200
}

// side is one of the two sides of a comparison.
type side interface {
	// clients returns n clients that together create the given number of keys. It
	// prepares everything that does not need the database.
	clients(b testing.TB, n, keys int) []client
}

// client creates the i-th key of a turn, counted from 0, and returns when it is on
// disk. It is used by one goroutine.
type client func(i int) error

// alike returns n clients that all call do.
func alike(n int, do client) []client { return slices.Repeat([]client{do}, n) }

// sending returns a client for each connection that sends its part of requests and
// requires status 200.
func sending(connections []*requester, requests [][]byte) []client {
	all := make([]client, len(connections))
	for c, connection := range connections {
		all[c] = func(i int) error {
			connection.request = requests[i]
			status, err := connection.do()
			if err == nil && string(status) != "HTTP/1.1 200 OK" {
				err = fmt.Errorf("response is %q", status)
			}
			return err
		}
	}
	return all
}

// pair is the service and the bare side that it is compared with, each with its own
// database.
type pair struct{ bare, service side }

// result is the result of all rounds with one number of clients.
type result struct {
	engine        string
	concurrency   int
	ratios        []float64 // service to bare for each round, sorted
	bare, service figures
	unavailable   int64 // number of 503 responses, after which the client retried
}

func (r result) ratio() float64 { return quantile(r.ratios, 0.5) }

// figures are the figures of one side: the median rate of the rounds, and the
// latencies of all requests.
type figures struct {
	rate     float64 // keys per second
	p50, p99 time.Duration
}

// compare measures both sides in turns with the given number of clients.
func compare(b testing.TB, p pair, concurrency int) result {
	b.Helper()
	keys := keysFor(concurrency)
	turns := interleave(b, entrant{p.bare, concurrency, keys}, entrant{p.service, concurrency, keys})
	return newResult(concurrency, turns[0], turns[1], turn.rate)
}

// entrant is a side with its work in one turn.
type entrant struct {
	side        side
	concurrency int
	keys        int
}

// interleave measures all entrants in turns, so that other load on the machine
// affects all of them equally. Each round begins with another entrant. It returns the
// turns of each entrant.
func interleave(b testing.TB, all ...entrant) [][]turn {
	b.Helper()
	for _, e := range all { // connect and prepare
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

// newResult compares a figure of two sides round by round.
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

// turn is the measurement of one side in one round.
type turn struct {
	took      time.Duration
	latencies []time.Duration
}

func (t turn) rate() float64 { return float64(len(t.latencies)) / t.took.Seconds() }

// take runs the clients of s, which create the given number of keys as fast as
// possible.
func take(b testing.TB, s side, concurrency, keys int) turn {
	b.Helper()
	clients := s.clients(b, concurrency, keys)
	latencies := make([]time.Duration, keys)
	failures := make([]error, len(clients))
	var next atomic.Int64
	var working sync.WaitGroup
	runtime.GC() // do not count the garbage of the previous turn
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

// quantile returns the given quantile of sorted values.
func quantile[T any](sorted []T, share float64) T {
	return sorted[int(share*float64(len(sorted)))]
}
