package domain

import (
	"errors"
	"hash/crc32"
	"io"
	"strings"
)

// The format of a secret. All lengths are in ASCII characters.
const (
	prefixLength   = 8 // sk_live_ or sk_test_
	KeyIDLength    = prefixLength + 16
	entropyLength  = 43 // 62^43 > 2^256
	checksumLength = 6  // 62^6 > 2^32
	SecretLength   = KeyIDLength + entropyLength + checksumLength

	prefixLive = "sk_live_"
	prefixTest = "sk_test_"
)

// ErrMalformedSecret means that a string is not a secret of this service. It does
// not contain the string.
var ErrMalformedSecret = errors.New("malformed API key secret")

// KeyID is the public ID of a key: sk_live_ or sk_test_ and 16 base62 digits. It
// may be logged; the key's secrets begin with it.
type KeyID string

// ParseKeyID returns s as a key ID, and false if it is malformed.
func ParseKeyID(s string) (KeyID, bool) {
	if len(s) != KeyIDLength || !allBase62(s[prefixLength:]) {
		return "", false
	}
	if p := s[:prefixLength]; p != prefixLive && p != prefixTest {
		return "", false
	}
	return KeyID(s), true
}

// Mode returns the mode that the prefix of the ID denotes, or 0 if it has no valid
// prefix.
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

// Secret is the secret of a key, which its holder presents:
//
//	key ID          24 characters
//	random          43 base62 digits, at least 256 bits
//	checksum         6 base62 digits of the CRC-32 (IEEE) of all before it
//
// Formatting, logging or marshalling a Secret yields a placeholder. The zero Secret
// matches nothing.
//
// A secret that another system issued is foreign; see [ParseForeignSecret].
//
// Copies of a Secret compare equal with ==, but two secrets parsed separately do not,
// even if their text is equal.
type Secret struct {
	Redacted

	// text is a pointer because fmt does not call methods on an unexported field
	// of the caller's struct. It would print a string, but prints only the
	// address of a pointer.
	text    *string
	foreign bool
}

// NewSecret returns the secret, and thereby the ID, of a new key. It returns an
// error only if reading random fails.
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

// NewSecretOf returns another secret of the key with the given ID. It returns
// [ErrKeyNotFound] if the ID is malformed, and any other error only if reading
// random fails.
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

// completed returns the secret with the given body and its checksum.
func completed(body string) Secret {
	sum := checksum(body)
	text := body + string(sum[:])
	return Secret{text: &text}
}

// ParseSecret returns s as a secret if its format and checksum are valid, and
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
	text := s // a copy, so that a rejected s does not escape to the heap
	return Secret{text: &text}, nil
}

// HasSecret reports whether text contains something shaped like a secret: a key ID
// followed by another base62 digit. It checks neither length nor checksum, because
// even a truncated secret reveals most of its content.
func HasSecret(text string) bool {
	const start = "sk_" // common to all prefixes
	for i := strings.Index(text, start); i >= 0; i = strings.Index(text, start) {
		if text = text[i:]; startsSecret(text) {
			return true
		}
		text = text[len(start):]
	}
	return false
}

// WithoutSecrets returns text with everything that looks like a secret (see
// [HasSecret]) shortened to its key ID and an ellipsis.
func WithoutSecrets(text string) string {
	var b strings.Builder
	for HasSecret(text) {
		i := 0
		for !startsSecret(text[i:]) {
			i++
		}
		b.WriteString(text[:i+KeyIDLength])
		b.WriteString("…")
		text = text[i+KeyIDLength:]
		// Another secret may follow immediately.
		for text != "" && isBase62(text[0]) && !startsSecret(text) {
			text = text[1:]
		}
	}
	b.WriteString(text)
	return b.String()
}

// startsSecret reports whether text begins with a key ID and another base62 digit.
func startsSecret(text string) bool {
	if len(text) <= KeyIDLength {
		return false
	}
	_, ok := ParseKeyID(text[:KeyIDLength])
	return ok && isBase62(text[KeyIDLength])
}

// KeyID returns the key ID that the secret begins with, or "" for the zero Secret and
// for a foreign one.
func (s Secret) KeyID() KeyID {
	if s.IsZero() || s.foreign {
		return ""
	}
	return KeyID(s.Reveal()[:KeyIDLength])
}

// IsZero reports whether s is the zero Secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Reveal returns the text of the secret. Only the hasher and the code that writes
// the secret into a response or request may call it.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return *s.text
}

func checksum(body string) (digits [checksumLength]byte) {
	sum := crc32.ChecksumIEEE([]byte(body))
	putBase62(digits[:], uint64(sum))
	return digits
}
