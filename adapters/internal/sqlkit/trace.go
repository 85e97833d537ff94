package sqlkit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Traces creates spans for statements that are sent to a database while a span is being
// recorded; background work has no spans. A span contains the text of the statement,
// which contains no values, but never its arguments.
type Traces struct {
	Provider trace.TracerProvider // nil means no spans
	System   attribute.KeyValue   // db.system.name
	// Code returns the database's code of an error, or "" if there is none.
	Code func(error) string
}

// OpenDB is like [sql.OpenDB], with tracing.
func (t Traces) OpenDB(connector driver.Connector) *sql.DB {
	if t.Provider == nil {
		return sql.OpenDB(connector)
	}
	return otelsql.OpenDB(connector, t.options()...)
}

// Open is like [sql.Open], with tracing.
func (t Traces) Open(driverName, dsn string) (*sql.DB, error) {
	if t.Provider == nil {
		return sql.Open(driverName, dsn)
	}
	return otelsql.Open(driverName, dsn, t.options()...)
}

func (t Traces) options() []otelsql.Option {
	return []otelsql.Option{
		otelsql.WithTracerProvider(t.Provider),
		otelsql.WithMeterProvider(noop.NewMeterProvider()), // instead of the global one
		otelsql.WithAttributes(t.System),
		otelsql.WithSpanNameFormatter(spanName),
		otelsql.WithSpanErrorAttributesGetter(t.failure),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			OmitConnResetSession: true, // sends nothing
			OmitRows:             true,
			SpanFilter:           recorded,
			// The message of a driver may quote values.
			RecordError: func(error) bool { return false },
		}),
	}
}

func recorded(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
	return trace.SpanFromContext(ctx).IsRecording()
}

// spanName returns the first word of a statement.
func spanName(_ context.Context, method otelsql.Method, query string) string {
	switch method {
	case otelsql.MethodConnectorConnect:
		return "CONNECT"
	case otelsql.MethodConnPrepare:
		return "PREPARE"
	case otelsql.MethodConnBeginTx:
		return "BEGIN"
	case otelsql.MethodTxCommit:
		return "COMMIT"
	case otelsql.MethodTxRollback:
		return "ROLLBACK"
	}
	word, _, _ := strings.Cut(query, " ")
	return word
}

// failure records only the code of an error.
func (t Traces) failure(err error) []attribute.KeyValue {
	if errors.Is(err, driver.ErrSkip) { // the driver requests another call
		return nil
	}
	code := t.Code(err)
	if code == "" {
		return []attribute.KeyValue{semconv.ErrorTypeOther}
	}
	return []attribute.KeyValue{semconv.ErrorTypeKey.String(code), semconv.DBResponseStatusCode(code)}
}
