// Package otlp sends traces to an OpenTelemetry collector by OTLP over HTTP, as
// the OTEL_… variables of the process say.
//
// The root package does not link it: an embedder who wants what the command has
// imports it, and passes [Tracing.Provider] to apikeys.WithTracerProvider.
package otlp
