// Package sqlite keeps keys in one file, with nothing to install: for a single
// process. What was acknowledged is on the disk (WAL, synchronous=FULL), and
// readers do not wait for the writer.
package sqlite
