// Package tracing contains what the spans of requests have in common over HTTP
// and gRPC.
package tracing

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Caller returns the span that traceparent names (W3C Trace Context); it is
// invalid if traceparent is. Callers must not pass on tracestate, which is text of
// the caller.
func Caller(traceparent string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
	return trace.SpanContextFromContext(ctx)
}

// Outcome is what a span records of the outcome of its request, no more than the
// log line. Empty fields are not recorded.
type Outcome struct {
	Status                        int // of the HTTP response, which is always recorded
	RequestID                     string
	Code                          string
	WorkspaceID, AccountID, KeyID string
}

// End ends span with the outcome of its request.
func End(span trace.Span, o Outcome) {
	defer span.End()
	span.SetAttributes(semconv.HTTPResponseStatusCode(o.Status))
	for name, value := range map[string]string{
		"apikeys.request_id":   o.RequestID,
		"apikeys.code":         o.Code,
		"apikeys.workspace_id": o.WorkspaceID,
		"apikeys.account_id":   o.AccountID,
		"apikeys.api_key_id":   o.KeyID,
	} {
		if value != "" {
			span.SetAttributes(attribute.String(name, value))
		}
	}
	if o.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(o.Status)))
	}
}

// ID returns the attribute that leads from a log line to its trace, under
// OpenTelemetry's name for other logs. It is empty without a trace.
func ID(ctx context.Context) slog.Attr {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return slog.String("trace_id", "")
	}
	return slog.String("trace_id", span.TraceID().String())
}
