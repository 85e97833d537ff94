// Package sqlite stores keys in one file, for a single process, with nothing to
// install. Acknowledged changes are on disk (WAL, synchronous=FULL), and
// readers do not wait for the writer.
package sqlite
