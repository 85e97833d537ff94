package jwtauth

import (
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

// FuzzParseKeySet checks that no document makes parseKeySet or a signature check
// panic, that all keys are for asymmetric algorithms, and that none of them
// verifies a garbage signature.
func FuzzParseKeySet(f *testing.F) {
	const ( // of RFC 7515 appendix A.3 and RFC 8037 appendix A.2
		ec = `{"kid":"ec","kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
		ed = `{"kid":"ed","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig","key_ops":["verify"],"alg":"EdDSA"}`
	)
	rsa := `{"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("v", 343) + `"}`
	for _, document := range []string{
		`{"keys":[` + ec + `,` + ed + `,` + rsa + `]}`,
		"\ufeff" + `{"keys":[` + ec + `]}`,
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"},` + ed + `]}`,
		`{"keys":[{"kty":"oct","k":"AAAA","kid":"ec"}]}`,
		`{"keys":[{"kty":"RSA","kty":"EC","kid":"` + "\xff" + `"},null,[],{}]}`,
		`{"keys":[],"keys":{}}`,
	} {
		f.Add([]byte(document))
	}
	garbage := []byte(strings.Repeat("\x01\x02\x03\x04", 64))
	f.Fuzz(func(t *testing.T, document []byte) {
		set, skipped, err := parseKeySet(document)
		for _, key := range skipped {
			if line := key.String(); len(line) > 2<<10 {
				t.Errorf("a skipped key makes %d bytes of log", len(line))
			}
		}
		if err != nil {
			return
		}
		for id, keys := range set.byID {
			if len(keys) > maxKeysPerID {
				t.Errorf("%d keys have the kid %q", len(keys), id)
			}
			for _, algorithm := range jwa.SignatureAlgorithms() {
				for _, key := range keys {
					if key.fits(algorithm.String()) && (algorithm.IsSymmetric() || algorithm == jwa.NoSignature) {
						t.Errorf("a key may be used with %s", algorithm)
					}
				}
				for _, size := range []int{0, 64, 96, 132, 256} {
					forged := token{header: header{Algorithm: algorithm.String(), KeyID: id}, signingInput: []byte("e30.e30"), signature: garbage[:size]}
					if set.verify(forged) == nil {
						t.Errorf("garbage of %d bytes is a signature by %s", size, algorithm)
					}
				}
			}
		}
	})
}
