package apikeys

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/config"
)

// provideTraces returns nil when nothing is traced.
func provideTraces(ctx context.Context, o *options) (trace.TracerProvider, func(), error) {
	if o.traces != nil || !o.tracing {
		return o.traces, func() {}, nil
	}
	tracing, err := telemetry.NewTracing(ctx, o.logger, o.version)
	if fault, ok := errors.AsType[*telemetry.Fault](err); ok {
		err = config.Faults{{Variable: fault.Variable, Problem: fault.Problem}}
	}
	if err != nil || tracing == nil {
		return nil, func() {}, err
	}
	return tracing.Provider(), closing(o.logger, "traces", tracing), nil
}

// tracer returns nil when nothing is traced.
func tracer(traces trace.TracerProvider) trace.Tracer {
	if traces == nil {
		return nil
	}
	return traces.Tracer("github.com/slaunchx/apikeys")
}
