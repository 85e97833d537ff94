// Package application contains the use cases, one per file. A use case enforces
// who may perform an operation and when, and what is recorded about it.
package application
