// Package tracing contains the code that the spans of requests over HTTP and gRPC
// share.
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

// Caller returns the span context in traceparent (W3C Trace Context), which is invalid
// if traceparent is. tracestate must not be passed on, because it is arbitrary text of
// the caller.
func Caller(traceparent string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
	return trace.SpanContextFromContext(ctx)
}

// Outcome is the outcome of a request as recorded by its span, which contains no more
// than the log line. Empty fields are not recorded.
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

// ID returns the attribute of a log line that identifies its trace, under the name that
// OpenTelemetry recommends for logs. It is empty if there is no trace.
func ID(ctx context.Context) slog.Attr {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return slog.String("trace_id", "")
	}
	return slog.String("trace_id", span.TraceID().String())
}
