// Package telemetry provides Prometheus metrics.
//
// All metric names begin with apikeys_, including those of the Go runtime and
// the process, so that an embedder can scrape them next to its own. Every label
// has a small, fixed set of values: neither input from a caller nor the ID of a
// key, workspace or account ever becomes a label value.
package telemetry
