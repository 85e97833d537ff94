package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "apikeys"

// maxScrapes is the number of concurrent scrapes; further ones get a 503.
const maxScrapes = 4

// Options are the sources of the metrics.
type Options struct {
	// Routes are the templates of the routes served, as passed to
	// [Metrics.ObserveRequest]. Requests to other routes count as "other".
	Routes []string
	// Cache reads the key cache; nil means that there is none. Cache, Usage and
	// Limits are called once per scrape.
	Cache func() CacheStats
	// Usage reads the queue of key usage to be written; nil means that no usage
	// is recorded.
	Usage func() UsageStats
	// Limits reads the numbers of rejected requests; nil means that nothing is
	// limited.
	Limits func() LimitStats
	// Version is the name of the release; it defaults to the module version that
	// the Go build recorded.
	Version string
}

// Metrics counts and times requests and checks. It has its own registry and is
// safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	checks   *checks
	requests *requests
}

// New returns metrics that read the sources in o. All counts start at 0.
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

// Handler serves the metrics in the Prometheus text format, or in OpenMetrics if
// the scraper accepts it. Only OpenMetrics includes exemplars.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, EnableOpenMetrics: true})
}
