package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	// flushTimeout bounds how long Close waits for the collector.
	flushTimeout = 2 * time.Second
	// maxAttribute bounds the values of attributes, in bytes, unless
	// OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT does. Statements are shorter.
	maxAttribute = 4096
)

// Tracing sends what is traced to a collector, by OTLP over HTTP. What a
// request has left waits in a queue that drops rather than blocks: 2048 spans,
// sent 512 at a time, every 5 s, unless OTEL_BSP_… says otherwise.
type Tracing struct {
	provider *sdktrace.TracerProvider
	exporter *exporter
}

// NewTracing returns what the OTEL_… variables of the process ask for: nil,
// and nothing was begun, where they name no OTLP endpoint or turn traces off.
// It returns a [*Fault] for a variable that cannot be heeded. Nothing is set
// for the process as a whole. Of an empty version the Go build tells.
func NewTracing(ctx context.Context, logger *slog.Logger, version string) (*Tracing, error) {
	asked, err := tracesAsked(os.Getenv)
	if err != nil || !asked {
		return nil, err
	}
	otlp, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("OTLP exporter: %w", err)
	}
	return startTracing(ctx, otlp, logger, version), nil
}

func startTracing(ctx context.Context, otlp sdktrace.SpanExporter, logger *slog.Logger, version string) *Tracing {
	e := newExporter(otlp, logger)
	return &Tracing{
		exporter: e,
		provider: sdktrace.NewTracerProvider(
			sdktrace.WithBatcher(e),
			sdktrace.WithResource(describeProcess(ctx, logger, version)),
			sdktrace.WithRawSpanLimits(spanLimits()),
		),
	}
}

// Provider makes tracers of what is sent.
func (t *Tracing) Provider() trace.TracerProvider { return t.provider }

// Close sends what waits, for at most 2 s. What is traced afterwards is lost.
func (t *Tracing) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	defer t.exporter.abort()
	return t.provider.Shutdown(ctx)
}

// describeProcess says who sends: OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES have the last word.
func describeProcess(ctx context.Context, logger *slog.Logger, version string) *resource.Resource {
	r, err := resource.New(ctx,
		resource.WithAttributes(
			semconv.ServiceName(namespace),
			semconv.ServiceVersion(release(version, readBuild()))),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv())
	if err != nil { // what could be read is in r
		logger.Warn("OTEL_RESOURCE_ATTRIBUTES is not wholly heeded", "error", err)
	}
	return r
}

func spanLimits() sdktrace.SpanLimits {
	l := sdktrace.NewSpanLimits()
	if l.AttributeValueLengthLimit < 0 {
		l.AttributeValueLengthLimit = maxAttribute
	}
	return l
}
