package extauthz

import (
	"context"
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"

	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/adapters/internal/tracing"
)

// method is the name of the call, which is also that of its span in the semantic
// conventions for RPC.
var method = strings.TrimPrefix(keycheck.EnvoyRoute, "/")

// beginSpan adds the span of a call to ctx. It continues the trace of Envoy, which
// sends traceparent in the metadata, and not that of Envoy's client, whose request
// is in the message.
func (s *checker) beginSpan(ctx context.Context) (context.Context, trace.Span) {
	if values := metadata.ValueFromIncomingContext(ctx, "traceparent"); len(values) == 1 {
		ctx = trace.ContextWithRemoteSpanContext(ctx, tracing.Caller(values[0]))
	}
	return s.options.Tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(semconv.RPCSystemNameGRPC, semconv.RPCMethod(method)))
}

// endSpan records the outcome of the check. The gRPC code is not recorded, because the
// status says the same.
func (c *check) endSpan(span trace.Span) {
	tracing.End(span, tracing.Outcome{
		Status:      c.status,
		RequestID:   c.requestID,
		Code:        c.code,
		WorkspaceID: string(c.decision.Key.Workspace),
		KeyID:       string(c.decision.Key.KeyID),
	})
}
