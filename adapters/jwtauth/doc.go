// Package jwtauth proves who calls the management API: it turns a bearer
// token, a signed JWT (RFC 7519), into a [domain.Actor].
//
// Only the configured key set (JWKS, RFC 7517) is trusted, and nothing that a
// token says of itself. A key decides which algorithms it may be used with;
// keys and links to keys inside a token are ignored; a token that is malformed
// in any way is refused, with a reason that quotes no part of it.
//
// jwx verifies signatures and reads keys. The frame around them is this
// package's own, because jwx also accepts JSON serializations, repeated
// members and critical headers, and reads every token twice.
package jwtauth
