package telemetry

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// other is the label value for unknown routes, methods and statuses.
const other = "other"

var methods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace,
}

// requestBuckets range from a check in memory to the longest time that a handler
// may take.
var requestBuckets = []float64{
	50e-6, 100e-6, 250e-6, 500e-6,
	1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3,
	1, 2.5, 5, 10,
}

type requests struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec

	// seen caches the counters used so far, which is four times as fast as looking them
	// up in the vector. A map stored in seen is never changed.
	seen      atomic.Pointer[map[series]prometheus.Counter]
	durations map[string]prometheus.Observer // by route
}

// series identifies a request counter by known label values; status 0 stands for
// any other status.
type series struct {
	route, method string
	status        int
}

func newRequests() *requests {
	r := &requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests by route template and response status; 499: the client disconnected before the response.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Duration of requests, including the time to read the body.",
			Buckets: requestBuckets,
		}, []string{"route"}),
	}
	r.serve(nil)
	r.seen.Store(&map[series]prometheus.Counter{})
	return r
}

// serve sets the known routes. It must not be called while requests are observed.
func (r *requests) serve(routes []string) {
	r.durations = map[string]prometheus.Observer{other: r.duration.WithLabelValues(other)}
	for _, route := range routes {
		r.durations[route] = r.duration.WithLabelValues(route)
	}
}

// ObserveRequest counts a request. A route that the service does not serve, a method
// other than PATCH and those of RFC 9110, and a status that is neither named by
// net/http nor 499 (the client disconnected) count as "other", so that callers
// cannot create label values. If the request's trace is sampled, its ID is
// attached to the duration as an exemplar.
func (m *Metrics) ObserveRequest(ctx context.Context, route, method string, status int, took time.Duration) {
	r := m.requests
	duration, known := r.durations[route]
	if !known {
		route, duration = other, r.durations[other]
	}
	r.counter(series{route: route, method: knownOf(methods, method), status: knownStatus(status)}).Inc()
	observe(ctx, duration, took.Seconds())
}

func observe(ctx context.Context, o prometheus.Observer, seconds float64) {
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		if exemplary, ok := o.(prometheus.ExemplarObserver); ok {
			exemplary.ObserveWithExemplar(seconds, prometheus.Labels{"trace_id": span.TraceID().String()})
			return
		}
	}
	o.Observe(seconds)
}

// counter returns the counter of one series. If two callers add different series
// at the same time, one entry may be lost from the cache; the next call adds it
// again.
func (r *requests) counter(of series) prometheus.Counter {
	seen := r.seen.Load()
	if counter, ok := (*seen)[of]; ok {
		return counter
	}
	counter := r.total.WithLabelValues(of.route, of.method, statusLabel(of.status))
	more := maps.Clone(*seen)
	more[of] = counter
	r.seen.Store(&more)
	return counter
}

func knownOf(known []string, value string) string {
	if i := slices.Index(known, value); i >= 0 {
		return known[i]
	}
	return other
}

// statusAbandoned is the status of a request whose client disconnected.
const statusAbandoned = 499

func knownStatus(status int) int {
	if http.StatusText(status) == "" && status != statusAbandoned {
		return 0
	}
	return status
}

func statusLabel(known int) string {
	if known == 0 {
		return other
	}
	return strconv.Itoa(known)
}
