package telemetry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/domain"
)

// Values of the label verdict for checks without a verdict: the caller cancelled
// the check, or the check failed.
const (
	canceled = "canceled"
	failed   = "error"
)

// One in timedChecks checks is timed, because reading the clock twice costs a
// quarter of a check. It is a power of two.
const timedChecks = 64

// checkBuckets range from a check in memory to one that waits for the store
// until its deadline.
var checkBuckets = []float64{
	250e-9, 500e-9,
	1e-6, 2.5e-6, 5e-6, 10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6,
	1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3,
	1, 2.5,
}

type checks struct {
	vec      *prometheus.CounterVec
	counts   map[domain.Verdict]prometheus.Counter
	canceled prometheus.Counter
	failed   prometheus.Counter
	duration prometheus.Histogram
}

func newChecks() *checks {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "checks_total",
		Help: "Permission checks by verdict; canceled: the caller cancelled the check; error: the check failed.",
	}, []string{"verdict"})
	counts := make(map[domain.Verdict]prometheus.Counter)
	for _, verdict := range domain.Verdicts() {
		counts[verdict] = vec.WithLabelValues(string(verdict))
	}
	return &checks{
		vec:      vec,
		counts:   counts,
		canceled: vec.WithLabelValues(canceled),
		failed:   vec.WithLabelValues(failed),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "check_duration_seconds",
			Help:    "Duration of permission checks; one in 64 is measured, chosen at random.",
			Buckets: checkBuckets,
		}),
	}
}

func (c *checks) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.duration, c.vec}
}

// BeginCheck must be called immediately before a permission check. It returns
// the time, or the zero time for a check that is not timed.
func (m *Metrics) BeginCheck() time.Time {
	if rand.Uint32()%timedChecks != 0 { //nolint:gosec // predicting it gains nothing
		return time.Time{}
	}
	return time.Now()
}

// EndCheck counts a check by its outcome; begun is what BeginCheck returned.
// Neither method allocates or locks.
func (m *Metrics) EndCheck(begun time.Time, verdict domain.Verdict, err error) {
	m.checks.counterOf(verdict, err).Inc()
	if !begun.IsZero() {
		m.checks.duration.Observe(time.Since(begun).Seconds())
	}
}

func (c *checks) counterOf(verdict domain.Verdict, err error) prometheus.Counter {
	counter, known := c.counts[verdict]
	switch {
	case errors.Is(err, context.Canceled): // only a caller cancels; our deadlines give DeadlineExceeded
		return c.canceled
	case err != nil || !known:
		return c.failed
	}
	return counter
}
