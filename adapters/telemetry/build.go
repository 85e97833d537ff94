package telemetry

import (
	"cmp"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

const modulePath = "github.com/slaunchx/apikeys"

// buildInfo returns a gauge of value 1 whose labels name the running release.
func buildInfo(released string) prometheus.Collector {
	info := readBuild()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "build_info",
		Help: "The running release, in labels; always 1.",
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

// release returns the name of the release: the given one if it is not empty,
// otherwise the module version that the Go build recorded.
func release(named string, info *debug.BuildInfo) string {
	return cmp.Or(named, moduleVersion(info), "(devel)")
}

// moduleVersion returns the version of this module, which may be the main module
// of the program or a dependency.
func moduleVersion(info *debug.BuildInfo) string {
	for _, module := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if module.Path == modulePath {
			return module.Version
		}
	}
	return ""
}
