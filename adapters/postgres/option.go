package postgres

import (
	"log/slog"
	"time"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// Option configures [Open].
type Option func(*options)

type options struct {
	standby  *string // a DSN
	schema   *string
	provider trace.TracerProvider
	logger   *slog.Logger
	now      func() time.Time
	silence  time.Duration // how long the server may be silent
}

func newOptions(opts []Option) options {
	o := options{logger: slog.New(slog.DiscardHandler), silence: statementLimit}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// WithSchema keeps the tables, and everything else of the repository, in the schema
// with the given name, instead of the one that search_path in the URL names. The name
// consists of at most 47 of a-z 0-9 _ and begins neither with a digit nor with pg_.
func WithSchema(name string) Option {
	return func(o *options) { o.schema = &name }
}

// WithLogger logs to l the messages for operators that are not returned to callers. By
// default they are discarded.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) { o.logger = l }
}

// WithStandby makes permission checks read keys from the standbys that dsn
// names, while they have replayed everything that the change feed has reported.
// Without a follower of the feed, only the primary is read. Nothing depends on
// the standbys: if they do not respond or lag, the primary is read.
func WithStandby(dsn string) Option {
	return func(o *options) { o.standby = &dsn }
}

// WithTracerProvider creates a span for each statement of a request that p
// traces. A nil p traces nothing.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *options) { o.provider = p }
}

// WithClock uses now instead of the server's clock for the windows of limits,
// for tests. Replicas whose clocks differ have different windows.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

func traces(provider trace.TracerProvider) sqlkit.Traces {
	return sqlkit.Traces{Provider: provider, System: semconv.DBSystemNamePostgreSQL, Code: sqlState}
}

// sqlState returns the SQLSTATE of an error of the server, or "".
func sqlState(err error) string {
	if failed := asServerError(err); failed != nil {
		return string(failed.Code)
	}
	return ""
}
