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

// cpuProfile is the one profile that takes time, by the name under which "go
// tool pprof" asks for it.
const cpuProfile = "profile"

// maxProfiling bounds a profile of the CPU, in seconds: an answer must begin
// before the connection's time to write is over.
const maxProfiling = 10

// profile serves a profile of the process, as net/http/pprof does. That
// package would also serve it to the public of every program that embeds this
// one and has http.DefaultServeMux out in the open.
func (a *API) profile(x *exchange) error {
	name := x.Param("profile")
	if name == cpuProfile {
		return x.profileCPU(profiling(x.QueryParam("seconds")))
	}
	p := pprof.Lookup(name)
	if p == nil {
		return echo.ErrNotFound
	}
	debug, _ := strconv.Atoi(x.QueryParam("debug")) // else 0: for programs to read
	x.beginProfile(debug != 0)
	return p.WriteTo(x.Response(), debug)
}

// profileCPU answers by what the CPU does until d is over or the caller gone.
// There can be one such profile at a time.
func (x *exchange) profileCPU(d time.Duration) error {
	x.beginProfile(false)
	if err := pprof.StartCPUProfile(x.Response()); err != nil {
		return fmt.Errorf("profile of the CPU: %w: %w", domain.ErrUnavailable, err)
	}
	defer pprof.StopCPUProfile() // which writes it
	ctx, cancel := context.WithTimeout(x.Request().Context(), d)
	defer cancel()
	<-ctx.Done()
	return nil
}

func (x *exchange) beginProfile(readable bool) {
	x.code = codeSuccess
	mediaType := "application/octet-stream"
	if readable {
		mediaType = "text/plain; charset=utf-8"
	}
	x.Response().Header().Set("Content-Type", mediaType)
	x.Response().Status = http.StatusOK
}

// profiling returns how long to profile: the seconds asked for, as far as they
// are within bounds, and the most where none are.
func profiling(seconds string) time.Duration {
	n, err := strconv.Atoi(seconds)
	if err != nil || n > maxProfiling {
		n = maxProfiling
	}
	return time.Duration(max(n, 1)) * time.Second
}
