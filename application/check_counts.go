package application

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// maxCounting is the maximum number of keys whose counts wait to be written. A key
	// for which there is no room is tried again at its next check.
	maxCounting = 64 << 10
	// maxUnwritten is the maximum number of batches of counts in one flush. While that
	// many batches could not be written, no more counts are taken from their keys.
	maxUnwritten = maxUsage / usageBatch
)

// countedVerdicts are the verdicts that are counted: that of an allowed check, and then
// those of denied ones in the order of deniedCounts.
var countedVerdicts = [...]domain.Verdict{
	domain.VerdictOK, domain.VerdictDisabled, domain.VerdictExpired, domain.VerdictIPNotAllowed,
	domain.VerdictInsufficientScope, domain.VerdictRateLimited, domain.VerdictQuotaExceeded,
}

// deniedCounts are the counts of the denied checks of one key that wait to be written.
type deniedCounts [len(countedVerdicts) - 1]dayCount

// countOf returns the count of the verdict with index i of countedVerdicts.
func (k *KnownKey) countOf(i int) *dayCount {
	if i == 0 {
		return &k.allowed
	}
	return &k.uncommonParts().denied[i-1]
}

// takeCounts calls f with each count that is not 0, and resets it.
func (k *KnownKey) takeCounts(f func(verdict domain.Verdict, day domain.Day, n int64)) {
	for i, verdict := range countedVerdicts {
		if i > 0 && k.uncommon.Load() == nil {
			return
		}
		if day, n := k.countOf(i).take(); n > 0 {
			f(verdict, day, n)
		}
	}
}

// dayCount holds a day and the number of checks on it in one word, so that no check is
// counted on the wrong day.
type dayCount struct{ word atomic.Uint64 }

// countBits is the number of bits for the number of checks. The day has the other 24,
// which are enough for 45,000 years.
const (
	countBits = 40
	countMask = 1<<countBits - 1
)

func unpackDay(word uint64) (domain.Day, int64) {
	return domain.Day(word >> countBits), int64(word & countMask)
}

// add counts one check on a day. If c holds checks of another day, add replaces them and
// returns that day and their number.
func (c *dayCount) add(day domain.Day) (former domain.Day, replaced int64) {
	for {
		word := c.word.Load()
		former, n := unpackDay(word)
		if former == day {
			if c.word.CompareAndSwap(word, word+1) {
				return former, 0
			}
			continue
		}
		if c.word.CompareAndSwap(word, uint64(day)<<countBits|1) {
			return former, n
		}
	}
}

// take returns the day and its number of checks, and resets both.
func (c *dayCount) take() (domain.Day, int64) { return unpackDay(c.word.Swap(0)) }

// countQueue holds the keys whose counts wait to be written. It is safe for concurrent
// use.
type countQueue struct {
	mu   sync.Mutex
	keys []*KnownKey // in the order in which their counts are written
	// former are counts of past days that were not written before the day ended.
	former map[ports.CheckCount]int64
	// unwritten are counts of batches that could not be written. They keep their IDs,
	// because the store may have recorded them.
	unwritten []ports.UsageBatch
	// uncounted is the number of checks for which there was no room.
	uncounted uint64
}

func (q *countQueue) uncountedChecks() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.uncounted
}

// add counts one check of a key. It ignores verdicts that are not counted.
func (q *countQueue) add(known *KnownKey, verdict domain.Verdict, day domain.Day) {
	i := slices.Index(countedVerdicts[:], verdict)
	if i < 0 {
		return
	}
	former, n := known.countOf(i).add(day)
	if n > 0 {
		q.addFormer(ports.CheckCount{KeyID: known.ID(), Day: former, Verdict: verdict}, n)
	}
	if !known.counting.Load() {
		q.enqueue(known)
	}
}

func (q *countQueue) enqueue(known *KnownKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case len(q.keys) >= maxCounting:
		q.uncounted++
	case known.counting.CompareAndSwap(false, true):
		q.keys = append(q.keys, known)
	}
}

func (q *countQueue) addFormer(count ports.CheckCount, n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.former[count]; !ok && len(q.former) >= maxCounting {
		q.uncounted += uint64(n)
		return
	}
	q.former[count] += n
}

// takeBatch removes and returns the counts of up to usageBatch keys.
func (q *countQueue) takeBatch() map[ports.CheckCount]int64 {
	q.mu.Lock()
	counts := takeSome(q.former)
	n := min(len(q.keys), usageBatch)
	keys := slices.Clone(q.keys[:n])
	q.keys = slices.Delete(q.keys, 0, n)
	q.mu.Unlock()
	for _, known := range keys {
		known.counting.Store(false)
		known.takeCounts(func(verdict domain.Verdict, day domain.Day, n int64) {
			counts[ports.CheckCount{KeyID: known.ID(), Day: day, Verdict: verdict}] += n
		})
	}
	return counts
}

func (q *countQueue) takeUnwritten() []ports.UsageBatch {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.unwritten
	q.unwritten = nil
	return taken
}

// putBack keeps the counts of a batch that could not be written.
func (q *countQueue) putBack(batch ports.UsageBatch) {
	if len(batch.Checks) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unwritten = append(q.unwritten, ports.UsageBatch{ID: batch.ID, Day: batch.Day, Checks: batch.Checks})
}
