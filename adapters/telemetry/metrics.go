package telemetry

import (
	"fmt"
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
	// Peppers reads the number of configured peppers that do not fit the store;
	// nil means that they are not compared.
	Peppers func() int
	// Version is the name of the release; it defaults to the module version that
	// the Go build recorded.
	Version string
}

// Metrics counts and times requests and checks. It has its own registry and is
// safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	service  []prometheus.Collector // all but those of the process
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
	m.service = append(m.checks.collectors(), m.requests.total, m.requests.duration, buildInfo(o.Version))
	if o.Cache != nil {
		m.service = append(m.service, cacheCollector{read: o.Cache})
	}
	if o.Usage != nil {
		m.service = append(m.service, usageCollector{read: o.Usage})
	}
	if o.Limits != nil {
		m.service = append(m.service, limitCollector{read: o.Limits})
	}
	if o.Peppers != nil {
		m.service = append(m.service, pepperMismatches(o.Peppers))
	}
	own := prefixed(m.registry)
	own.MustRegister(m.service...)
	own.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func prefixed(r prometheus.Registerer) prometheus.Registerer {
	return prometheus.WrapRegistererWithPrefix(namespace+"_", r)
}

// Register registers the metrics of the service with r as well, each with the
// constant labels, and returns what unregisters them. It leaves out those of
// the Go runtime and the process, which a registry has once. If r refuses one,
// Register registers none and returns the error.
func (m *Metrics) Register(r prometheus.Registerer, labels prometheus.Labels) (unregister func(), err error) {
	to := prometheus.WrapRegistererWith(labels, prefixed(r))
	var registered []prometheus.Collector
	unregister = func() {
		for _, c := range registered {
			to.Unregister(c)
		}
	}
	for _, c := range m.service {
		if err := to.Register(c); err != nil {
			unregister()
			return nil, fmt.Errorf("register metrics: %w", err)
		}
		registered = append(registered, c)
	}
	return unregister, nil
}

// Handler serves the metrics in the Prometheus text format, or in OpenMetrics if
// the scraper accepts it. Only OpenMetrics includes exemplars.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, EnableOpenMetrics: true})
}
