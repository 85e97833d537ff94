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

// Option changes what [Open] returns.
type Option func(*options)

type options struct {
	provider trace.TracerProvider
	logger   *slog.Logger
	now      func() time.Time
}

// WithTracerProvider makes a span of each statement for a request that p
// traces, and of each write as a whole. A nil p traces nothing.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *options) { o.provider = p }
}

// WithLogger logs to l what an operator must know and no caller is told. The
// default discards it.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) { o.logger = l }
}

// WithClock determines the windows of limits by now instead of [time.Now].
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
