package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
)

// BenchmarkToken measures the share of the token in a creation: the verification of
// its signature, and the whole authentication.
func BenchmarkToken(b *testing.B) {
	s := &service{issuer: jwttest.NewEd25519Issuer(b)}
	token := s.token(b)
	b.Run("signature alone", func(b *testing.B) {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		signed := []byte(token[:strings.LastIndexByte(token, '.')])
		signature := ed25519.Sign(private, signed)
		for b.Loop() {
			if !ed25519.Verify(public, signed, signature) {
				b.Fatal("the signature is rejected")
			}
		}
	})
	b.Run("authenticated", func(b *testing.B) {
		authenticator := s.issuer.Authenticator(b)
		for b.Loop() {
			if _, err := authenticator.Authenticate(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
