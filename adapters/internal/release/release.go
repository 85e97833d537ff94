// Package release determines the running release of this module, so that metrics and
// traces report the same one.
package release

import (
	"cmp"
	"runtime/debug"
)

const modulePath = "github.com/slaunchx/apikeys"

// Version returns named or, if it is empty, the version of this module recorded in the
// Go build of the program. If the build records none, it returns "(devel)".
func Version(named string) string {
	return cmp.Or(named, moduleVersion(read()), "(devel)")
}

// Go returns the Go version that built the program, such as "go1.26.0".
func Go() string { return read().GoVersion }

func read() *debug.BuildInfo {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info
	}
	return &debug.BuildInfo{}
}

func moduleVersion(info *debug.BuildInfo) string {
	for _, module := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if module.Path == modulePath {
			return module.Version
		}
	}
	return ""
}
