package sqlite

import (
	"context"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const tracerName = "github.com/slaunchx/apikeys/adapters/sqlite"

// span begins the span of a write where the request of ctx is traced: most of
// what a write takes is the wait for its turn and for the disk, which no
// statement shows. It returns a context that is unwatched, with that span.
func span(ctx context.Context) (under context.Context, end func()) {
	request := trace.SpanFromContext(ctx)
	if !request.IsRecording() {
		return unwatched, func() {}
	}
	_, s := request.TracerProvider().Tracer(tracerName).Start(ctx, "write",
		trace.WithAttributes(semconv.DBSystemNameSQLite))
	return trace.ContextWithSpan(unwatched, s), func() { s.End() }
}
