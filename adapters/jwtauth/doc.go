// Package jwtauth authenticates the callers of the management API: it turns a
// bearer token, a signed JWT (RFC 7519), into a [domain.Actor].
//
// Only the configured key set (JWKS, RFC 7517) is trusted. The key, not the
// token's header, determines the algorithm; keys and links to keys inside a token
// are ignored. A malformed token is rejected with a reason that quotes no part of
// it.
//
// jwx verifies signatures and parses keys. This package parses the token itself,
// because jwx also accepts JSON serializations, duplicate members and critical
// headers, and parses every token twice.
package jwtauth
