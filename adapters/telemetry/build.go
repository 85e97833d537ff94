package telemetry

import (
	"cmp"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

const modulePath = "github.com/slaunchx/apikeys"

// buildInfo tells which release runs, as labels of a gauge that is always 1.
func buildInfo(released string) prometheus.Collector {
	info := readBuild()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "build_info",
		Help: "The release that runs; always 1.",
		ConstLabels: prometheus.Labels{
			"version":   release(released, info),
			"goversion": info.GoVersion,
		},
	})
	build.Set(1)
	return build
}

func readBuild() *debug.BuildInfo {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info
	}
	return &debug.BuildInfo{}
}

// release returns what the release is called, by who made it or else by the
// Go build.
func release(named string, info *debug.BuildInfo) string {
	return cmp.Or(named, moduleVersion(info), "(devel)")
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
