package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/domain"
)

// cpuProfile is the only profile that is recorded over a period. Its name is the one
// that "go tool pprof" uses.
const cpuProfile = "profile"

// maxProfiling is the maximum duration of a CPU profile, in seconds: the
// response must begin before the connection's write timeout.
const maxProfiling = 10

// profile serves a profile of the process, like net/http/pprof. That package
// would also serve it to the clients of every embedding program that exposes
// http.DefaultServeMux.
func (a *API) profile(x *exchange) error {
	name := x.Param("profile")
	if name == cpuProfile {
		return profileCPU(x, profiling(x.QueryParam("seconds")))
	}
	p := pprof.Lookup(name)
	if p == nil {
		return echo.ErrNotFound
	}
	debug, _ := strconv.Atoi(x.QueryParam("debug")) // otherwise 0, the format for programs
	beginProfile(x, debug != 0)
	return p.WriteTo(x.Response(), debug)
}

// profileCPU responds with a CPU profile that ends after d or when the caller
// leaves. There can be only one such profile at a time.
func profileCPU(x *exchange, d time.Duration) error {
	beginProfile(x, false)
	if err := pprof.StartCPUProfile(x.Response()); err != nil {
		return fmt.Errorf("profile of the CPU: %w: %w", domain.ErrUnavailable, err)
	}
	defer pprof.StopCPUProfile() // which writes it
	ctx, cancel := context.WithTimeout(x.Request().Context(), d)
	defer cancel()
	<-ctx.Done()
	return nil
}

func beginProfile(x *exchange, readable bool) {
	x.code = codeSuccess
	mediaType := "application/octet-stream"
	if readable {
		mediaType = "text/plain; charset=utf-8"
	}
	x.Response().Header().Set("Content-Type", mediaType)
	x.Response().Status = http.StatusOK
}

// profiling returns how long to profile: the requested seconds within the
// limits, or the maximum if none are requested.
func profiling(seconds string) time.Duration {
	n, err := strconv.Atoi(seconds)
	if err != nil || n > maxProfiling {
		n = maxProfiling
	}
	return time.Duration(max(n, 1)) * time.Second
}
