package answer

import (
	"math/rand/v2"

	"github.com/slaunchx/apikeys/domain"
)

const maxRequestID = 128

// RequestID returns the identifier that the caller sent in X-Request-Id, given the
// values of that header, or a new one. The caller's is used if there is exactly one
// value, of 1 to 128 visible ASCII characters, that contains nothing shaped like a
// secret, because identifiers are sent back and logged.
func RequestID(values []string) string {
	if len(values) == 1 && len(values[0]) >= 1 && len(values[0]) <= maxRequestID && VisibleASCII(values[0]) && !domain.HasSecret(values[0]) {
		return values[0]
	}
	return newRequestID()
}

// VisibleASCII reports whether s consists of VCHAR (RFC 5234) only.
func VisibleASCII(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return true
}

// newRequestID returns 128 random bits as 26 base32 characters. Request identifiers
// prove nothing, so they need not come from crypto/rand, whose Text takes 0.4 µs
// instead of 0.05 µs.
func newRequestID() string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var id [26]byte
	for half := range 2 {
		bits := rand.Uint64() //nolint:gosec // see above
		for i := range 13 {   // 5 bits each, 4 in the last
			id[13*half+i] = digits[bits%32]
			bits /= 32
		}
	}
	return string(id[:])
}
