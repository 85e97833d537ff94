// Package bench compares the service with the maximum that its database and the
// hardware allow. docs/benchmarks.md explains how to run it and how to read the
// results.
package bench
