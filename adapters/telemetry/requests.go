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

// other stands for every route, method and status that is not known.
const other = "other"

var methods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace,
}

// requestBuckets reach from a check in memory to the longest that a handler
// may take.
var requestBuckets = []float64{
	50e-6, 100e-6, 250e-6, 500e-6,
	1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3,
	1, 2.5, 5, 10,
}

type requests struct {
	routes   []string
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec

	// What was counted before is found here, in a quarter of the time that the
	// vectors take. A map that is in seen is never changed.
	seen      atomic.Pointer[map[series]prometheus.Counter]
	durations map[string]prometheus.Observer // by route
}

// series names a counter of requests by known values; 0 is any other status.
type series struct {
	route, method string
	status        int
}

func newRequests(routes []string) *requests {
	r := &requests{
		routes: slices.Clip(slices.Clone(routes)),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests by the template of their route and the status of their response; 499: the client hung up before it.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Duration of requests, their bodies' arrival included.",
			Buckets: requestBuckets,
		}, []string{"route"}),
		durations: map[string]prometheus.Observer{},
	}
	for _, route := range append(r.routes, other) {
		r.durations[route] = r.duration.WithLabelValues(route)
	}
	r.seen.Store(&map[series]prometheus.Counter{})
	return r
}

// ObserveRequest counts a request. What is not among the routes of [Options],
// the methods of RFC 9110 and PATCH, or the statuses that net/http names and 499
// (the client hung up), is counted as other: a caller can make no label. The trace
// of a request that is kept is named beside its duration, as an exemplar.
func (m *Metrics) ObserveRequest(ctx context.Context, route, method string, status int, took time.Duration) {
	r := m.requests
	route = knownOf(r.routes, route)
	r.counter(series{route: route, method: knownOf(methods, method), status: knownStatus(status)}).Inc()
	observe(ctx, r.durations[route], took.Seconds())
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

// counter returns the counter of one series. Two that find it missing at the
// same time may lose one of their entries, which the next makes again.
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

// statusAbandoned is the status of a request whose client hung up.
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
