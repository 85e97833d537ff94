package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/adapters/internal/release"
)

// buildInfo returns a gauge of value 1 whose labels name the running release.
func buildInfo(named string) prometheus.Collector {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "build_info",
		Help: "The running release, in labels; always 1.",
		ConstLabels: prometheus.Labels{
			"version":   release.Version(named),
			"goversion": release.Go(),
		},
	})
	build.Set(1)
	return build
}
