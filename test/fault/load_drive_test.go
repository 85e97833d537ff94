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
	// inTime is what an answer must not take to be of use.
	inTime = time.Second
	// unsentAfter is how long a question waits for a connection that is free.
	unsentAfter = 100 * time.Millisecond
)

// tally is what came of the questions of a while.
type tally struct {
	lasted  time.Duration
	spent   time.Duration           // of processor time, by the clients
	right   *hdrhistogram.Histogram // answers, in microseconds since the question was due
	refused *hdrhistogram.Histogram // 503 and 429, in microseconds since it was sent
	late    int64                   // right, but not in time
	unsent  int64                   // for want of a free connection
	wrong   int64
	first   string // of the wrong ones
}

func newTally() *tally {
	return &tally{right: newHistogram(), refused: newHistogram()}
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Microseconds(), 2)
}

// add adds what came of other questions, of another while.
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

// goodput is the right answers a second that came in time.
func (y *tally) goodput() float64 {
	return float64(y.right.TotalCount()-y.late) / y.lasted.Seconds()
}

// yield is the right answers that came in time, by the seconds of processor
// time that were left to the service and its database: clients, which ask
// three times as often in an overload, share the processors with them here.
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

// note keeps what came of one question.
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

// drive has every caller work until it is done, and adds up.
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

// processorTime is what this process has used up.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// closed has each caller ask as soon as it is answered.
func closed(callers []*caller, lasting time.Duration, ask kind) *tally {
	end := time.Now().Add(lasting)
	return drive(callers, func(c *caller, y *tally) {
		for sent := time.Now(); sent.Before(end) && y.wrong == 0; sent = time.Now() {
			status, right, err := ask(c)
			y.note(sent, sent, status, right, err)
		}
	})
}

// open has that many questions a second asked whether or not those before are
// answered, as far as there are callers to ask them: each is due at its time,
// and what keeps it from being sent counts as its waiting.
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
