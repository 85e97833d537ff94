package domain

import (
	"errors"
	"hash/crc32"
	"io"
	"strings"
)

// The shape of a secret. Every length is in ASCII characters.
const (
	prefixLength   = 8 // sk_live_ or sk_test_
	KeyIDLength    = prefixLength + 16
	entropyLength  = 43 // 62^43 > 2^256
	checksumLength = 6  // 62^6 > 2^32
	SecretLength   = KeyIDLength + entropyLength + checksumLength

	prefixLive = "sk_live_"
	prefixTest = "sk_test_"
)

// ErrMalformedSecret says that a string is not a secret of this service. It
// never tells what the string was.
var ErrMalformedSecret = errors.New("malformed API key secret")

// KeyID is the public identifier of a key: sk_live_ or sk_test_ and 16 base62
// digits. It may be logged and shown; the key's secret begins with it.
type KeyID string

// ParseKeyID returns s as a key identifier, and false when it cannot be one.
func ParseKeyID(s string) (KeyID, bool) {
	if len(s) != KeyIDLength || !allBase62(s[prefixLength:]) {
		return "", false
	}
	if p := s[:prefixLength]; p != prefixLive && p != prefixTest {
		return "", false
	}
	return KeyID(s), true
}

// Mode returns the mode the identifier spells.
func (id KeyID) Mode() Mode {
	switch {
	case len(id) < prefixLength:
		return 0
	case id[:prefixLength] == prefixLive:
		return ModeLive
	case id[:prefixLength] == prefixTest:
		return ModeTest
	}
	return 0
}

// Secret is what the holder of a key presents:
//
//	key identifier  24 characters
//	random          43 base62 digits, at least 256 bits
//	checksum         6 base62 digits of the CRC-32 (IEEE) of all before it
//
// It cannot be printed by accident: every way to format, log or marshal it
// gives a placeholder. The zero Secret is no secret and matches nothing.
//
// Two copies of one Secret are ==; two secrets that were parsed apart are not,
// even where they spell the same.
type Secret struct {
	Redacted

	// text is a pointer because fmt prints a string in an unexported field of
	// the caller's struct without calling a method; of a pointer it prints the
	// address.
	text *string
}

// NewSecret makes the secret, and with it the identifier, of a new key. It
// fails only when random does.
func NewSecret(random io.Reader, mode Mode) (Secret, error) {
	prefix := prefixLive
	if mode == ModeTest {
		prefix = prefixTest
	}
	digits, err := randomBase62(random, KeyIDLength-prefixLength+entropyLength)
	if err != nil {
		return Secret{}, err
	}
	return completed(prefix + digits), nil
}

// NewSecretOf makes another secret of the key with that identifier. It returns
// [ErrKeyNotFound] for what is no identifier, and otherwise fails only when
// random does.
func NewSecretOf(random io.Reader, id KeyID) (Secret, error) {
	if _, ok := ParseKeyID(string(id)); !ok {
		return Secret{}, ErrKeyNotFound
	}
	digits, err := randomBase62(random, entropyLength)
	if err != nil {
		return Secret{}, err
	}
	return completed(string(id) + digits), nil
}

// completed appends its checksum to the body of a secret.
func completed(body string) Secret {
	sum := checksum(body)
	text := body + string(sum[:])
	return Secret{text: &text}
}

// ParseSecret returns s as a secret if its form and checksum are right, and
// [ErrMalformedSecret] otherwise.
func ParseSecret(s string) (Secret, error) {
	if len(s) != SecretLength {
		return Secret{}, ErrMalformedSecret
	}
	if _, ok := ParseKeyID(s[:KeyIDLength]); !ok || !allBase62(s[KeyIDLength:]) {
		return Secret{}, ErrMalformedSecret
	}
	const body = SecretLength - checksumLength
	if sum := checksum(s[:body]); s[body:] != string(sum[:]) {
		return Secret{}, ErrMalformedSecret
	}
	text := s // so that a refused s does not escape to the heap
	return Secret{text: &text}, nil
}

// HasSecret reports whether text contains, anywhere, something shaped like a
// secret: a key identifier that goes on with another base62 digit. Neither the
// length nor the checksum counts, because a secret that was cut short still
// gives most of itself away.
func HasSecret(text string) bool {
	const start = "sk_" // of every prefix
	for i := strings.Index(text, start); i >= 0; i = strings.Index(text, start) {
		text = text[i:]
		if len(text) <= KeyIDLength {
			return false
		}
		if _, ok := ParseKeyID(text[:KeyIDLength]); ok && isBase62(text[KeyIDLength]) {
			return true
		}
		text = text[len(start):]
	}
	return false
}

// KeyID returns the identifier the secret begins with.
func (s Secret) KeyID() KeyID {
	if s.IsZero() {
		return ""
	}
	return KeyID(s.Reveal()[:KeyIDLength])
}

// IsZero reports whether s is the zero Secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Reveal returns the secret itself. It is for the hasher and for the one
// response that shows the secret to its owner.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return *s.text
}

func checksum(body string) (digits [checksumLength]byte) {
	sum := crc32.ChecksumIEEE([]byte(body))
	putBase62(digits[:], sum)
	return digits
}
