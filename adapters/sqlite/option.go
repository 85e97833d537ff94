package sqlite

import (
	"errors"
	"log/slog"
	"strconv"
	"time"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"modernc.org/sqlite"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// Option configures [Open].
type Option func(*options)

type options struct {
	provider trace.TracerProvider
	logger   *slog.Logger
	now      func() time.Time
}

// WithTracerProvider creates a span for each statement of a request that p
// traces, and for each write as a whole. A nil p traces nothing.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *options) { o.provider = p }
}

// WithLogger logs to l the messages for operators that are not returned to callers. By
// default they are discarded.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) { o.logger = l }
}

// WithClock uses now instead of [time.Now] for the windows of limits.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

func newOptions(opts []Option) options {
	o := options{logger: slog.New(slog.DiscardHandler), now: time.Now}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

func (o options) traces() sqlkit.Traces {
	return sqlkit.Traces{Provider: o.provider, System: semconv.DBSystemNameSQLite, Code: resultCode}
}

// resultCode returns the extended result code of an error of SQLite, else "".
func resultCode(err error) string {
	if failed, ok := errors.AsType[*sqlite.Error](err); ok {
		return strconv.Itoa(failed.Code())
	}
	return ""
}
