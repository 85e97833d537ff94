package otlp

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

	"github.com/slaunchx/apikeys/adapters/internal/release"
)

const (
	// serviceName is the service name of the traces unless OTEL_SERVICE_NAME is set.
	serviceName = "apikeys"
	// flushTimeout bounds how long Close waits for the collector.
	flushTimeout = 2 * time.Second
	// maxAttribute is the maximum length in bytes of an attribute value, unless
	// OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT is set. SQL statements are shorter.
	maxAttribute = 4096
)

// Tracing sends spans to a collector. Spans wait in a queue of 2048, which
// drops spans rather than block, and are sent every 5 s in batches of up to
// 512, unless the OTEL_BSP_… variables say otherwise.
type Tracing struct {
	provider *sdktrace.TracerProvider
	exporter *exporter
}

// New starts tracing as configured by the OTEL_… environment variables. It returns nil,
// and starts nothing, if they name no OTLP endpoint or turn traces off. It returns a
// [*Fault] if the value of a variable cannot be used. It changes no global state of
// OpenTelemetry.
//
// The traces carry version as the service version or, if it is empty, the version of
// this module in the Go build.
func New(ctx context.Context, logger *slog.Logger, version string) (*Tracing, error) {
	on, err := enabled(os.Getenv)
	if err != nil || !on {
		return nil, err
	}
	client, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("OTLP exporter: %w", err)
	}
	return start(ctx, client, logger, version), nil
}

func start(ctx context.Context, client sdktrace.SpanExporter, logger *slog.Logger, version string) *Tracing {
	e := newExporter(client, logger)
	return &Tracing{
		exporter: e,
		provider: sdktrace.NewTracerProvider(
			sdktrace.WithBatcher(e),
			sdktrace.WithResource(describeProcess(ctx, logger, version)),
			sdktrace.WithRawSpanLimits(spanLimits()),
		),
	}
}

// Provider returns the provider of the tracers whose spans are sent.
func (t *Tracing) Provider() trace.TracerProvider { return t.provider }

// Close sends the waiting spans, within at most 2 s, and stops. Spans that end later
// are lost.
func (t *Tracing) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	defer t.exporter.abort()
	return t.provider.Shutdown(ctx)
}

// describeProcess returns the OpenTelemetry resource that describes this process. The
// variables OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
func describeProcess(ctx context.Context, logger *slog.Logger, version string) *resource.Resource {
	r, err := resource.New(ctx,
		resource.WithAttributes(
			semconv.ServiceName(serviceName),
			semconv.ServiceVersion(release.Version(version))),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv())
	if err != nil { // r holds what could be read
		logger.Warn("OTEL_RESOURCE_ATTRIBUTES is invalid and partly ignored", "error", err)
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
