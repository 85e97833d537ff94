// Package telemetry tells what the service does: in Prometheus' terms, and in
// traces where a collector is named.
//
// Every metric's name begins with apikeys_, those of the Go runtime and the
// process too, so that an embedder may scrape them beside their own. Every
// label has few values, all known when the program is built: nothing that a
// caller sends ever becomes one, nor an identifier of a key, workspace or
// account.
package telemetry
