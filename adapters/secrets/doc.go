// Package secrets computes and verifies the digests of API key secrets with
// HMAC-SHA-256 (RFC 2104), keyed by a ring of peppers.
//
// A secret has 256 random bits, so a slow hash would add nothing. Without the
// pepper a stolen database is useless, and a verification takes less than a
// microsecond.
package secrets
