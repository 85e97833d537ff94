// Package bench compares the service with what its database could do at most.
// docs/benchmarks.md says how to run it and how to read it.
package bench
