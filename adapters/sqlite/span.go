package sqlite

import (
	"context"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const tracerName = "github.com/slaunchx/apikeys/adapters/sqlite"

// span begins the span of a write if the request of ctx is traced: a write
// spends most of its time waiting for its turn and for the disk, which no
// statement shows. It returns an unwatched context with that span.
func span(ctx context.Context) (under context.Context, end func()) {
	request := trace.SpanFromContext(ctx)
	if !request.IsRecording() {
		return unwatched, func() {}
	}
	_, s := request.TracerProvider().Tracer(tracerName).Start(ctx, "write",
		trace.WithAttributes(semconv.DBSystemNameSQLite))
	return trace.ContextWithSpan(unwatched, s), func() { s.End() }
}
