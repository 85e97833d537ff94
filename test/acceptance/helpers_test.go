package acceptance

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// unknownSecret returns a well-formed secret that belongs to no key.
func unknownSecret(t *testing.T) string {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal()
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// withChecksum appends the checksum to the body of a secret.
func withChecksum(body string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(body))
	var tail [6]byte
	for i := range tail {
		tail[len(tail)-1-i] = digits[sum%62]
		sum /= 62
	}
	return body + string(tail[:])
}
