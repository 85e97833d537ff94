package telemetry

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/slaunchx/apikeys/ports"
)

const namespace = "apikeys"

// maxScrapes is the number of concurrent scrapes; further ones get a 503.
const maxScrapes = 4

// Options change what [New] returns. The zero value is valid.
type Options struct {
	// Registerer is another registry to register the metrics of the service with, until
	// the service is closed. The metrics of the Go runtime and the process are not
	// registered with it, because a registry can have them only once. If it is nil,
	// only [Metrics.Handler] serves metrics.
	Registerer prometheus.Registerer
	// Labels are constant labels of every metric in Registerer. They distinguish
	// several services in one registry, which must use the same names with different
	// values.
	Labels prometheus.Labels
	// Version is the name of the release; it defaults to the module version that
	// the Go build recorded.
	Version string
}

// Metrics counts and times the requests and checks of one service. It has its own
// registry and is safe for concurrent use.
type Metrics struct {
	options  Options
	registry *prometheus.Registry
	checks   *checks
	requests *requests
	attached atomic.Bool
}

// New returns metrics for one service. All counts start at 0.
func New(o Options) *Metrics {
	m := &Metrics{
		options:  o,
		registry: prometheus.NewRegistry(),
		checks:   newChecks(),
		requests: newRequests(),
	}
	prefixed(m.registry).MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// errAttached is returned if a second service is given the same metrics.
var errAttached = errors.New("these metrics belong to another service; make new ones for each")

// Attach makes m read sources from now on, and registers the metrics of the service
// with the Registerer of the options until detach is called. It must be called once,
// before requests are observed. If the Registerer rejects a metric, Attach registers
// none and returns the error.
func (m *Metrics) Attach(sources ports.MetricSources) (detach func(), err error) {
	if !m.attached.CompareAndSwap(false, true) {
		return nil, errAttached
	}
	m.requests.serve(sources.Routes)
	service := append(m.checks.collectors(),
		m.requests.total,
		m.requests.duration,
		buildInfo(m.options.Version),
		cacheCollector(sources.Cache),
		usageCollector(sources.Usage),
		limitCollector(sources.Limits),
		leakCollector(sources.Leaks),
		keyLimitCollector(sources.KeyLimits),
		pepperMismatches(sources.PepperMismatches),
		webhookCollector(sources.Webhooks),
	)
	prefixed(m.registry).MustRegister(service...)
	if m.options.Registerer == nil {
		return func() {}, nil
	}
	return register(prometheus.WrapRegistererWith(m.options.Labels, prefixed(m.options.Registerer)), service)
}

func prefixed(r prometheus.Registerer) prometheus.Registerer {
	return prometheus.WrapRegistererWithPrefix(namespace+"_", r)
}

// register registers all collectors with r, or none if it returns an error.
func register(r prometheus.Registerer, collectors []prometheus.Collector) (unregister func(), err error) {
	var registered []prometheus.Collector
	unregister = func() {
		for _, c := range registered {
			r.Unregister(c)
		}
	}
	for _, c := range collectors {
		if err := r.Register(c); err != nil {
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
