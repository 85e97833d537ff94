// Package servers finds and runs the servers other than PostgreSQL that tests use:
// nginx, Caddy, HAProxy, PgBouncer, Redis and Chromium.
//
// A server is looked up on PATH, in /usr/sbin, and in .cache/servers of the
// module, where "make servers" puts those that are missing. A test whose server
// is missing fails; it is not skipped.
package servers
