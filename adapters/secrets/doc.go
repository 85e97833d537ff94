// Package secrets turns API key secrets into digests and checks them, by
// HMAC-SHA-256 (RFC 2104) under a ring of peppers.
//
// A secret has 256 random bits, so nothing is gained by a slow hash: the
// pepper keeps a stolen database from being of use, and a check costs less
// than a microsecond.
package secrets
