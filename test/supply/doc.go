// Package supply tests the build, release and deployment files: the build must be
// reproducible, and the service must run with minimal privileges. It reads the files
// and runs neither a container engine nor goreleaser.
package supply
