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
	// flushTimeout is how long Close waits for the collector.
	flushTimeout = 2 * time.Second
	// maxAttribute is the limit of an attribute value in bytes, unless
	// OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT sets one. SQL statements are shorter.
	maxAttribute = 4096
)

// Tracing sends spans to a collector by OTLP over HTTP. Finished spans wait in a
// queue that drops spans rather than block: by default 2048 spans, sent in
// batches of 512 at least every 5 s. The OTEL_BSP_… variables change that.
type Tracing struct {
	provider *sdktrace.TracerProvider
	exporter *exporter
}

// NewTracing starts tracing as the OTEL_… variables of the process specify. It
// returns nil if they name no OTLP endpoint or turn traces off, and a [*Fault]
// if a variable is invalid or not supported. It changes no OpenTelemetry global.
// An empty version defaults to the module version that the Go build recorded.
func NewTracing(ctx context.Context, logger *slog.Logger, version string) (*Tracing, error) {
	enabled, err := tracesEnabled(os.Getenv)
	if err != nil || !enabled {
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

// Provider returns the provider whose spans are sent to the collector.
func (t *Tracing) Provider() trace.TracerProvider { return t.provider }

// Close sends the spans in the queue, for at most 2 s. Later spans are dropped.
func (t *Tracing) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	defer t.exporter.abort()
	return t.provider.Shutdown(ctx)
}

// describeProcess returns the resource that spans are attributed to.
// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override its attributes.
func describeProcess(ctx context.Context, logger *slog.Logger, version string) *resource.Resource {
	r, err := resource.New(ctx,
		resource.WithAttributes(
			semconv.ServiceName(namespace),
			semconv.ServiceVersion(release(version, readBuild()))),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv())
	if err != nil { // r contains the attributes that could be read
		logger.Warn("OTEL_RESOURCE_ATTRIBUTES partly ignored", "error", err)
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
