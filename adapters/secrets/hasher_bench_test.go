package secrets_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"
)

// BenchmarkVerify compares a verification with the hash alone: one keyed HMAC,
// reused for the same 73 bytes.
func BenchmarkVerify(b *testing.B) {
	ring := "b:" + encoded('y', 32) + ",a:" + encoded('x', 32)
	hasher, secret := newHasher(b, ring), newSecret(b)
	digest := hasher.Hash(secret)

	b.Run("Verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !hasher.Verify(secret, digest) {
				b.Fatal("refused")
			}
		}
	})
	b.Run("BareHMAC", func(b *testing.B) {
		mac := hmac.New(sha256.New, []byte(encoded('y', 32)))
		text, sum := []byte(secret.Reveal()), make([]byte, 0, sha256.Size)
		b.ReportAllocs()
		for b.Loop() {
			mac.Reset()
			mac.Write(text)
			sum = mac.Sum(sum[:0])
		}
	})
}
