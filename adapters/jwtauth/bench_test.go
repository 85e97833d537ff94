package jwtauth_test

import (
	"testing"

	"github.com/lestrrat-go/jwx/v2/jws"
)

// BenchmarkAuthenticate compares the authentication of a token with the
// verification of its signature by jwx.
func BenchmarkAuthenticate(b *testing.B) {
	a := trusting(b, trustedSet())
	for _, key := range []signingKey{rsaKey(), ecKey(), edKey()} {
		token := key.token(claims())
		b.Run(key.algorithm.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Authenticate(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(key.algorithm.String()+"/signature alone", func(b *testing.B) {
			verifier, err := jws.NewVerifier(key.algorithm)
			if err != nil {
				b.Fatal(err)
			}
			input, signature := split(token)
			signed, sum, public := []byte(input), decode(b, signature), key.private.Public()
			b.ReportAllocs()
			for b.Loop() {
				if err := verifier.Verify(signed, sum, public); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
