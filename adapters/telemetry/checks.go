package telemetry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/adapters/internal/striped"
	"github.com/slaunchx/apikeys/domain"
)

// verdicts are the values of the label of apikeys_checks_total, each in the
// slot it is counted in. The last two are of checks without an answer: the caller
// did not wait for it, or there was none.
var verdicts = [slots]string{
	string(domain.VerdictOK),
	string(domain.VerdictNotFound),
	string(domain.VerdictDisabled),
	string(domain.VerdictExpired),
	string(domain.VerdictIPNotAllowed),
	string(domain.VerdictInsufficientScope),
	"canceled",
	"error",
}

const (
	slots        = 8
	okSlot       = 0
	canceledSlot = slots - 2
	errSlot      = slots - 1
)

// timedChecks is of how many checks one is timed, a power of two. To read the
// clock twice would cost a quarter of a check.
const timedChecks = 64

// checkBuckets reach from a check in memory to one that waited for the store
// as long as one may.
var checkBuckets = []float64{
	250e-9, 500e-9,
	1e-6, 2.5e-6, 5e-6, 10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6,
	1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3,
	1, 2.5,
}

type checks struct {
	counts   *striped.Counters
	duration prometheus.Histogram
}

func newChecks() *checks {
	return &checks{
		counts: new(striped.Counters),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "check_duration_seconds",
			Help:    "Duration of permission checks; of one in 64, chosen at random.",
			Buckets: checkBuckets,
		}),
	}
}

func (c *checks) collectors() []prometheus.Collector {
	all := []prometheus.Collector{c.duration}
	for slot, verdict := range verdicts {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "checks_total",
			Help:        "Permission checks by verdict; canceled: the caller did not wait for the answer; error: there was none.",
			ConstLabels: prometheus.Labels{"verdict": verdict},
		}, func() float64 { return float64(c.counts.Sum(slot)) }))
	}
	return all
}

// CheckTiming is when a check began, if that check is timed.
type CheckTiming struct{ begun time.Time }

// BeginCheck is called right before a permission check.
func (m *Metrics) BeginCheck() CheckTiming {
	if rand.Uint32()%timedChecks != 0 { //nolint:gosec // nothing is gained by who foresees it
		return CheckTiming{}
	}
	return CheckTiming{begun: time.Now()}
}

// EndCheck counts a check by what came of it. Together with BeginCheck it
// allocates nothing, and takes no lock.
func (m *Metrics) EndCheck(timing CheckTiming, verdict domain.Verdict, err error) {
	m.checks.counts.Add(slotOf(verdict, err))
	if !timing.begun.IsZero() {
		m.checks.duration.Observe(time.Since(timing.begun).Seconds())
	}
}

func slotOf(verdict domain.Verdict, err error) int {
	switch {
	case errors.Is(err, context.Canceled): // no deadline of ours cancels
		return canceledSlot
	case err != nil:
		return errSlot
	}
	for slot := okSlot; slot < canceledSlot; slot++ {
		if string(verdict) == verdicts[slot] {
			return slot
		}
	}
	return errSlot
}
