package httpapi

import (
	"context"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/internal/tracing"
)

// relation returns how the span of a request begins, given its traceparent (W3C
// Trace Context).
type relation func(ctx context.Context, caller trace.SpanContext) (context.Context, []trace.SpanStartOption)

// continued continues the trace of a trusted caller.
func continued(ctx context.Context, caller trace.SpanContext) (context.Context, []trace.SpanStartOption) {
	return trace.ContextWithRemoteSpanContext(ctx, caller), nil
}

// linked begins a new trace, since an outsider must not decide what is
// recorded, with a link to theirs.
func linked(ctx context.Context, caller trace.SpanContext) (context.Context, []trace.SpanStartOption) {
	return ctx, []trace.SpanStartOption{trace.WithLinks(trace.Link{SpanContext: caller})}
}

// untraced reports whether requests for that route have no span. Probes and
// scrapes come every few seconds and would bury all others.
func untraced(route string) bool {
	return route == livezPath || route == readyzPath || route == metricsPath
}

func answerTraced(x *exchange, next echo.HandlerFunc, relation relation) {
	span := beginSpan(x, relation)
	defer endSpan(x, span)
	x.answer(next)
}

// beginSpan adds the span to the context of the request. It is a child of a
// span of an embedder's own middleware.
func beginSpan(x *exchange, relation relation) trace.Span {
	r := x.Request()
	ctx := r.Context()
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(spanAttributes(x)...)}
	if caller := tracing.Caller(r.Header.Get("Traceparent")); caller.IsValid() && !trace.SpanContextFromContext(ctx).IsValid() {
		var related []trace.SpanStartOption
		ctx, related = relation(ctx, caller)
		options = append(options, related...)
	}
	ctx, span := x.api.options.Tracer.Start(ctx, spanName(x), options...)
	x.SetRequest(r.WithContext(ctx))
	return span
}

// spanName returns method and route, like the semantic conventions for HTTP.
func spanName(x *exchange) string {
	method := knownMethod(x.Request().Method)
	switch {
	case method == otherMethod:
		method = "HTTP"
	case x.Path() == "":
		return method
	}
	return method + " " + x.Path()
}

// spanAttributes returns what is known of a request before it is checked. Its
// path and query are left out: they may contain anything, even a secret.
func spanAttributes(x *exchange) []attribute.KeyValue {
	method := semconv.HTTPRequestMethodKey.String(x.Request().Method)
	if knownMethod(x.Request().Method) == otherMethod {
		method = semconv.HTTPRequestMethodOther
	}
	attributes := []attribute.KeyValue{method, semconv.URLScheme("http")}
	if x.Path() != "" {
		attributes = append(attributes, semconv.HTTPRoute(x.Path()))
	}
	return attributes
}

// endSpan records the outcome of the request.
func endSpan(x *exchange, span trace.Span) {
	tracing.End(span, tracing.Outcome{
		Status:      x.status,
		RequestID:   x.requestID,
		Code:        x.code,
		WorkspaceID: string(x.workspace),
		AccountID:   x.account,
		KeyID:       string(x.keyID),
	})
}
