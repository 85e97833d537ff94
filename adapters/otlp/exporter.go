package otlp

import (
	"context"
	"log/slog"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// maxErrorText is the maximum number of bytes of an error that are logged. An error may
// quote the collector's response.
const maxErrorText = 256

// exporter forwards spans. It logs the first failed batch and the first success
// after a failure; OpenTelemetry would report every failed batch on standard
// error.
type exporter struct {
	sdktrace.SpanExporter
	logger *slog.Logger
	failed atomic.Bool // whether the last batch failed

	ending context.Context
	abort  context.CancelFunc // cancels the export in flight
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
		e.logger.Warn("cannot send traces, dropping them", "error", clipped(err.Error()))
	case err == nil && before:
		e.logger.Info("sending traces again")
	}
}

func clipped(text string) string {
	if len(text) > maxErrorText {
		return text[:maxErrorText] + "…"
	}
	return text
}
