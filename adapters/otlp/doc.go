// Package otlp sends traces to an OpenTelemetry collector by OTLP over HTTP. The OTEL_…
// environment variables configure it.
//
// The root package does not link it. An embedder that wants the same traces as the
// command imports this package and passes [Tracing.Provider] to
// apikeys.WithTracerProvider.
package otlp
