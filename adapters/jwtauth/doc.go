// Package jwtauth proves who calls the management API: it turns a bearer
// token, a signed JWT (RFC 7519), into a [domain.Actor].
//
// What is trusted is the configured key set (JWKS, RFC 7517) and nothing a
// token says of itself. A key has exactly one algorithm, its own; keys and
// links to keys inside a token are not read; a token that is malformed in any
// way is refused, with a reason that quotes no part of it.
//
// JWS verification and the reading of keys are jwx's. The frame around them is
// this package's own, for jwx also accepts JSON serializations, repeated
// members and critical headers, and reads every token twice.
package jwtauth
