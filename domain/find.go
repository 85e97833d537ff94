package domain

import (
	"bytes"
	"errors"
	"io"
)

// FoundSecret is a secret that [FindSecrets] found in text.
type FoundSecret struct {
	Secret Secret
	Line   int64 // of its first byte, from 1
}

// findBuffer is the number of bytes that [FindSecrets] holds.
const findBuffer = 256 << 10

// secretStart is common to the prefixes of all secrets.
var secretStart = []byte("sk_")

// FindSecrets reads r to its end and calls found with each secret in it, in order:
// every 73 bytes that [ParseSecret] accepts, whatever is around them. It reads text
// and binary data with lines of any length, in constant memory. It stops at the
// first error of r or found and returns it.
func FindSecrets(r io.Reader, found func(FoundSecret) error) error {
	buffer := make([]byte, findBuffer)
	held := 0        // bytes of buffer that are not searched yet
	line := int64(1) // of buffer[0]
	for {
		n, err := r.Read(buffer[held:])
		held += n
		// A secret may continue after the end of the buffer, so the last bytes wait.
		end := max(0, held-SecretLength+1)
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return err
		}
		counted := 0
		for at := 0; ; at += len(secretStart) {
			next := bytes.Index(buffer[at:held], secretStart)
			if next < 0 || at+next >= end {
				break
			}
			at += next
			if !secretLike(buffer[at : at+SecretLength]) {
				continue
			}
			secret, err := ParseSecret(string(buffer[at : at+SecretLength]))
			if err != nil {
				continue
			}
			line += int64(bytes.Count(buffer[counted:at], newline))
			counted = at
			if err := found(FoundSecret{Secret: secret, Line: line}); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
		line += int64(bytes.Count(buffer[counted:end], newline))
		held = copy(buffer, buffer[end:held])
	}
}

// secretLike reports whether the text may be a secret. It allocates nothing, unlike
// [ParseSecret], which sees only what passes.
func secretLike(text []byte) bool {
	if p := string(text[:prefixLength]); p != prefixLive && p != prefixTest {
		return false
	}
	for _, c := range text[prefixLength:] {
		if !isBase62(c) {
			return false
		}
	}
	return true
}

var newline = []byte("\n")
