package postgres

import (
	"log/slog"
	"time"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// Option changes what [Open] returns.
type Option func(*options)

type options struct {
	standby  *string // a DSN
	provider trace.TracerProvider
	logger   *slog.Logger
	now      func() time.Time
}

// WithLogger logs to l what an operator must know and no caller is told. The
// default discards it.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) { o.logger = l }
}

// WithStandby has the permission check read keys from the servers that dsn
// names, which follow the primary, while they know all that the change feed has
// told; who does not follow the feed reads the primary alone. Nothing depends
// on them: what they do not answer, or cannot know, the primary is asked.
func WithStandby(dsn string) Option {
	return func(o *options) { o.standby = &dsn }
}

// WithTracerProvider makes a span of each statement for a request that p
// traces. A nil p traces nothing.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *options) { o.provider = p }
}

// WithClock determines the windows of limits by now instead of the clock of the server,
// for tests. Replicas whose clocks differ have different windows.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

func traces(provider trace.TracerProvider) sqlkit.Traces {
	return sqlkit.Traces{Provider: provider, System: semconv.DBSystemNamePostgreSQL, Code: sqlState}
}

// sqlState returns the SQLSTATE of an error of the server, else "".
func sqlState(err error) string {
	if failed := asServerError(err); failed != nil {
		return string(failed.Code)
	}
	return ""
}
