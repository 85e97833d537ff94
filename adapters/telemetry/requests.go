package telemetry

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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
}

func newRequests(routes []string) *requests {
	r := &requests{
		routes: slices.Clip(slices.Clone(routes)),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests answered, by the template of their route.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Duration of requests, their bodies' arrival included.",
			Buckets: requestBuckets,
		}, []string{"route"}),
	}
	for _, route := range append(r.routes, other) {
		r.duration.WithLabelValues(route)
	}
	return r
}

// ObserveRequest counts a request that was answered. What is not among the
// routes of [Options], the methods of RFC 9110 and PATCH, or the statuses that
// net/http names, is counted as other: a caller can make no label.
func (m *Metrics) ObserveRequest(route, method string, status int, took time.Duration) {
	r := m.requests
	route, method = knownOf(r.routes, route), knownOf(methods, method)
	r.total.WithLabelValues(route, method, statusLabel(status)).Inc()
	r.duration.WithLabelValues(route).Observe(took.Seconds())
}

func knownOf(known []string, value string) string {
	if i := slices.Index(known, value); i >= 0 {
		return known[i]
	}
	return other
}

func statusLabel(status int) string {
	if http.StatusText(status) == "" {
		return other
	}
	return strconv.Itoa(status)
}
