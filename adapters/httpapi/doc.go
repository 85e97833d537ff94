// Package httpapi serves the HTTP contract: the public management API under
// /web/v1, and the internal listener with the permission check and the probes.
// It is the only package that knows HTTP status codes.
package httpapi
