package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// maxComplaint bounds what is logged of an error, which may quote a collector.
const maxComplaint = 256

// exporter passes spans on, says once when the collector does not take them,
// and once when it does again. OpenTelemetry would say it of every batch, on
// standard error.
type exporter struct {
	sdktrace.SpanExporter
	logger *slog.Logger
	failed atomic.Bool // the last batch

	ending context.Context
	abort  context.CancelFunc // ends what is being sent
}

func newExporter(to sdktrace.SpanExporter, logger *slog.Logger) *exporter {
	e := &exporter{SpanExporter: to, logger: logger}
	e.ending, e.abort = context.WithCancel(context.Background())
	return e
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ending, cancel)()
	e.report(e.SpanExporter.ExportSpans(ctx, spans))
	return nil
}

func (e *exporter) report(err error) {
	before := e.failed.Swap(err != nil)
	switch {
	case err != nil && !before:
		e.logger.Warn("traces cannot be sent and are dropped", "error", clipped(err.Error()))
	case err == nil && before:
		e.logger.Info("traces are sent again")
	}
}

func clipped(text string) string {
	if len(text) > maxComplaint {
		return text[:maxComplaint] + "…"
	}
	return text
}
