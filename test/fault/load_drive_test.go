package fault

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// inTime is the time within which a response is useful.
	inTime = time.Second
	// unsentAfter is how long a request waits for a free connection.
	unsentAfter = 100 * time.Millisecond
)

// tally contains the results of requests over a period.
type tally struct {
	lasted  time.Duration
	spent   time.Duration           // processor time of the clients
	right   *hdrhistogram.Histogram // responses, in microseconds since the request was due
	refused *hdrhistogram.Histogram // 503 and 429, in microseconds since the request was sent
	late    int64                   // correct, but not in time
	unsent  int64                   // no connection was free
	wrong   int64
	first   string // of the wrong responses
}

func newTally() *tally {
	return &tally{right: newHistogram(), refused: newHistogram()}
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Microseconds(), 2)
}

// add adds the results of another period.
func (y *tally) add(other *tally) {
	y.lasted += other.lasted
	y.spent += other.spent
	y.right.Merge(other.right)
	y.refused.Merge(other.refused)
	y.late += other.late
	y.unsent += other.unsent
	y.wrong += other.wrong
	if y.first == "" {
		y.first = other.first
	}
}

// goodput returns the rate of correct responses in time, per second.
func (y *tally) goodput() float64 {
	return float64(y.right.TotalCount()-y.late) / y.lasted.Seconds()
}

// yield returns the number of correct responses in time, per second of
// processor time that was left to the service and its database: clients, which
// send three times as many requests in an overload, share the processors with
// them here.
func (y *tally) yield() float64 {
	left := time.Duration(runtime.NumCPU())*y.lasted - y.spent
	return float64(y.right.TotalCount()-y.late) / left.Seconds()
}

func (y *tally) String() string {
	return fmt.Sprintf("%.0f right answers a second, after %s; %d late, %d refused after %s, %d not sent, %d wrong",
		y.goodput(), quantiles(y.right), y.late, y.refused.TotalCount(), quantiles(y.refused), y.unsent, y.wrong)
}

func quantiles(h *hdrhistogram.Histogram) string {
	at := func(quantile float64) time.Duration {
		return time.Duration(h.ValueAtQuantile(quantile)) * time.Microsecond
	}
	return fmt.Sprintf("%v, %v, %v, %v (p50, p99, p99.9, worst)", at(50), at(99), at(99.9), at(100))
}

// note records the result of one request.
func (y *tally) note(due, sent time.Time, status int, right bool, err error) {
	now := time.Now()
	switch {
	case err == nil && right:
		if now.Sub(due) > inTime {
			y.late++
		}
		_ = y.right.RecordValue(min(now.Sub(due), time.Minute).Microseconds())
	case err == nil && (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests):
		_ = y.refused.RecordValue(min(now.Sub(sent), time.Minute).Microseconds())
	default:
		if y.wrong++; y.first == "" {
			y.first = fmt.Sprintf("%d, %v", status, err)
		}
	}
}

// drive runs all callers until they are done, and adds up their results.
func drive(callers []*caller, work func(*caller, *tally)) *tally {
	begun, spent, all := time.Now(), processorTime(), newTally()
	var working sync.WaitGroup
	var adding sync.Mutex
	for _, c := range callers {
		working.Go(func() {
			y := newTally()
			work(c, y)
			adding.Lock()
			defer adding.Unlock()
			all.add(y)
		})
	}
	working.Wait()
	all.lasted, all.spent = time.Since(begun), processorTime()-spent
	return all
}

// processorTime returns the processor time that this process has used.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// closed lets each caller send a request as soon as it has a response.
func closed(callers []*caller, lasting time.Duration, ask kind) *tally {
	end := time.Now().Add(lasting)
	return drive(callers, func(c *caller, y *tally) {
		for sent := time.Now(); sent.Before(end) && y.wrong == 0; sent = time.Now() {
			status, right, err := ask(c)
			y.note(sent, sent, status, right, err)
		}
	})
}

// open sends that many requests per second whether or not earlier ones have
// been answered, as long as a caller is free. Each is due at a fixed time, and
// the time until it is sent counts as waiting.
func open(callers []*caller, rate float64, lasting time.Duration, ask kind) *tally {
	var next atomic.Int64
	begun := time.Now()
	return drive(callers, func(c *caller, y *tally) {
		timer := time.NewTimer(0)
		defer timer.Stop()
		<-timer.C
		for y.wrong == 0 {
			ahead := time.Duration(float64(next.Add(1)) / rate * float64(time.Second))
			due := begun.Add(ahead)
			if ahead > lasting {
				return
			}
			if wait := time.Until(due); wait > 0 {
				timer.Reset(wait)
				<-timer.C
			} else if -wait > unsentAfter {
				y.unsent++
				continue
			}
			sent := time.Now()
			status, right, err := ask(c)
			y.note(due, sent, status, right, err)
		}
	})
}
