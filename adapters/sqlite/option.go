package sqlite

import (
	"errors"
	"strconv"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"modernc.org/sqlite"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// Option changes what [Open] returns.
type Option func(*options)

type options struct{ provider trace.TracerProvider }

// WithTracerProvider makes a span of each statement for a request that p
// traces, and of each write as a whole. A nil p traces nothing.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *options) { o.provider = p }
}

func traces(opts []Option) sqlkit.Traces {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return sqlkit.Traces{Provider: o.provider, System: semconv.DBSystemNameSQLite, Code: resultCode}
}

// resultCode returns the extended result code of an error of SQLite, else "".
func resultCode(err error) string {
	if failed, ok := errors.AsType[*sqlite.Error](err); ok {
		return strconv.Itoa(failed.Code())
	}
	return ""
}
