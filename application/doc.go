// Package application holds the use cases, a file each. A use case owns a
// rule: who may, when, and what is recorded.
package application
