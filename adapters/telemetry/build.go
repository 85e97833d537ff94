package telemetry

import (
	"cmp"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

const modulePath = "github.com/slaunchx/apikeys"

// buildInfo tells which release runs, as labels of a gauge that is always 1.
func buildInfo(released string) prometheus.Collector {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "build_info",
		Help: "The release that runs; always 1.",
		ConstLabels: prometheus.Labels{
			"version":   cmp.Or(released, moduleVersion(info), "(devel)"),
			"goversion": info.GoVersion,
		},
	})
	build.Set(1)
	return build
}

// moduleVersion returns the version of this module in a program that may
// embed it.
func moduleVersion(info *debug.BuildInfo) string {
	for _, module := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if module.Path == modulePath {
			return module.Version
		}
	}
	return ""
}
