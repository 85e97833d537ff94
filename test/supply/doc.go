// Package supply holds what the service is built, released and deployed with
// to what it promises: the same binary from the same source, and as few rights
// as it can do with. Neither a container engine nor goreleaser is run: their
// files are read.
package supply
