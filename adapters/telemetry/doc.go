// Package telemetry provides Prometheus metrics of a service:
//
//	apikeys.New(ctx, cfg, apikeys.WithMetrics(telemetry.New(telemetry.Options{})))
//
// It is the only package that links client_golang, so a program that does not
// import it does not. Note that client_golang registers /debug/vars on
// [http.DefaultServeMux].
//
// All metric names begin with apikeys_, including those of the Go runtime and
// the process, so that an embedder can scrape them next to its own. Every label
// has a small, fixed set of values: neither input from a caller nor the ID of a
// key, workspace or account ever becomes a label value.
package telemetry
