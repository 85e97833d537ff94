package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "apikeys"

// maxScrapes is how many may ask for the metrics at once; more are answered 503.
const maxScrapes = 4

// Options are what the metrics tell of.
type Options struct {
	// Routes are the templates of the routes served, as [Metrics.ObserveRequest]
	// is told them. A request of any other is counted under "other".
	Routes []string
	// Cache reads the cache of keys; nil: nothing is kept in memory. It is
	// called once a scrape, as are Usage and Limits.
	Cache func() CacheStats
	// Usage reads what waits to be written of the use of keys; nil: nothing
	// is collected.
	Usage func() UsageStats
	// Limits reads what was refused for its rate; nil: nothing is limited.
	Limits func() LimitStats
	// Version is the release; empty: what the Go build knows of it.
	Version string
}

// Metrics counts and times. It has a registry of its own, and is safe for
// concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	checks   *checks
	requests *requests
}

// New returns metrics that have counted nothing.
func New(o Options) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		checks:   newChecks(),
		requests: newRequests(o.Routes),
	}
	own := prometheus.WrapRegistererWithPrefix(namespace+"_", m.registry)
	own.MustRegister(m.checks.collectors()...)
	own.MustRegister(m.requests.total, m.requests.duration)
	own.MustRegister(buildInfo(o.Version))
	own.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if o.Cache != nil {
		own.MustRegister(cacheCollector{read: o.Cache})
	}
	if o.Usage != nil {
		own.MustRegister(usageCollector{read: o.Usage})
	}
	if o.Limits != nil {
		own.MustRegister(limitCollector{read: o.Limits})
	}
	return m
}

// Handler serves the metrics to whoever scrapes them, in OpenMetrics, which
// alone has exemplars, to who asks for that.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, EnableOpenMetrics: true})
}
