package otlp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/test/logbook"
)

// tracingTo returns a Tracing that sends to url.
func tracingTo(t *testing.T, url string, log *logbook.Book) *Tracing {
	t.Helper()
	otlp, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(url))
	if err != nil {
		t.Fatal(err)
	}
	return start(t.Context(), otlp, slog.New(slog.NewTextHandler(log, nil)), "")
}

// record records n spans.
func (t *Tracing) record(n int) {
	tracer := t.Provider().Tracer("test")
	for range n {
		_, span := tracer.Start(context.Background(), "work")
		span.End()
	}
}

func (t *Tracing) flush(test *testing.T) {
	test.Helper()
	if err := t.provider.ForceFlush(test.Context()); err != nil {
		test.Error(err)
	}
}

func TestTracing_LogsAnOutageOnce(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if away.Load() {
			http.Error(w, strings.Repeat("go away ", 1000), http.StatusNotFound)
		}
	}))
	defer collector.Close()
	var log logbook.Book
	tracing := tracingTo(t, collector.URL, &log)
	defer tracing.Close()

	for _, outage := range []int{1, 2} {
		for _, state := range []bool{true, true, true, false, false} {
			away.Store(state)
			tracing.record(1)
			tracing.flush(t)
		}
		if dropped, again := log.Count("cannot send traces"), log.Count("sending traces again"); dropped != outage || again != outage {
			t.Errorf("after %d outages the log reports %d failures and %d recoveries", outage, dropped, again)
		}
	}
	if log.Count("go away") > 2*(maxErrorText/len("go away ")+1) {
		t.Error("the log contains the whole response of the collector")
	}
}

func TestTracing_CloseAbortsAHangingExport(t *testing.T) {
	t.Parallel()
	entered, left := make(chan struct{}, 99), make(chan struct{}, 99)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http notices a disconnect only after this
		entered <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	}))
	defer collector.Close()
	tracing := tracingTo(t, collector.URL, new(logbook.Book))
	tracing.record(10_000) // more than the queue and a batch hold
	<-entered
	tracing.record(10_000)

	if err := tracing.Close(); err == nil {
		t.Error("Close() = nil, although the collector took nothing")
	}
	<-left // the export in flight is aborted
}

// silentExporter accepts each batch and never responds.
type silentExporter struct{ sdktrace.SpanExporter }

func (silentExporter) ExportSpans(ctx context.Context, _ []sdktrace.ReadOnlySpan) error {
	<-ctx.Done()
	return ctx.Err()
}

func (silentExporter) Shutdown(context.Context) error { return nil }

func TestTracing_CloseWaitsTwoSecondsForASilentCollector(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracing := start(t.Context(), silentExporter{}, slog.New(slog.DiscardHandler), "")
		tracing.record(10_000)
		synctest.Wait()
		begun := time.Now()
		if err := tracing.Close(); err == nil {
			t.Error("Close() = nil, though nothing was taken")
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("Close() took %v, want 2s", took)
		}
	})
}

func TestTracing_LimitsAttributeValues(t *testing.T) {
	t.Parallel()
	if got := spanLimits().AttributeValueLengthLimit; got != maxAttribute {
		t.Errorf("the limit is %d, want %d", got, maxAttribute)
	}
	bodies := make(chan int, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		bodies <- body.Len()
	}))
	defer collector.Close()
	tracing := tracingTo(t, collector.URL, new(logbook.Book))
	_, span := tracing.Provider().Tracer("test").Start(t.Context(), "work",
		trace.WithAttributes(attribute.String("long", strings.Repeat("x", 1<<20))))
	span.End()
	if err := tracing.Close(); err != nil {
		t.Error(err)
	}
	if got := <-bodies; got > 2*maxAttribute {
		t.Errorf("%d bytes were sent", got)
	}
}
