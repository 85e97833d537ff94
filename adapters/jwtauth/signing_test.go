package jwtauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// now is the time of every test that does not move its clock.
var now = time.Date(2026, 3, 21, 7, 30, 0, 0, time.UTC)

const (
	issuer   = "https://issuer.example"
	audience = "apikeys"
)

type object = map[string]any

// signingKey is a private key with its kid and algorithm in the key set.
type signingKey struct {
	id        string
	algorithm jwa.SignatureAlgorithm
	private   crypto.Signer
}

// The keys of the trusted issuer, and one of a stranger. All tests share them,
// because generating an RSA key is slow.
var (
	rsaKey      = sync.OnceValue(func() signingKey { return signingKey{"rsa", jwa.RS256, newRSA(2048)} })
	ecKey       = sync.OnceValue(func() signingKey { return signingKey{"ec", jwa.ES256, newEC(elliptic.P256())} })
	edKey       = sync.OnceValue(func() signingKey { return signingKey{"ed", jwa.EdDSA, newEd()} })
	strangerKey = sync.OnceValue(func() signingKey { return signingKey{"stranger", jwa.RS256, newRSA(2048)} })
)

func newRSA(bits int) *rsa.PrivateKey      { return must(rsa.GenerateKey(rand.Reader, bits)) }
func newEC(c elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(c, rand.Reader)) }

func newEd() ed25519.PrivateKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return must(private, err)
}

func (k signingKey) header() object {
	return object{"alg": k.algorithm.String(), "kid": k.id, "typ": "JWT"}
}

// as returns the same key with another algorithm.
func (k signingKey) as(algorithm jwa.SignatureAlgorithm) signingKey {
	k.algorithm = algorithm
	return k
}

func (k signingKey) named(id string) signingKey {
	k.id = id
	return k
}

// token returns a correct token with the given claims.
func (k signingKey) token(claims object) string { return k.sign(k.header(), claims) }

// sign returns a correctly signed token with any header.
func (k signingKey) sign(header, claims object) string {
	return k.signRaw(marshal(header), marshal(claims))
}

func (k signingKey) signRaw(header, payload []byte) string {
	input := encode(header) + "." + encode(payload)
	return input + "." + encode(k.signature(input))
}

func (k signingKey) signature(input string) []byte {
	return must(must(jws.NewSigner(k.algorithm)).Sign([]byte(input), k.private))
}

// public returns the key's entry in a key set with the given members replaced;
// nil removes a member.
func (k signingKey) public(changes ...object) object {
	entry := jwkOf(k.private.Public())
	entry["kid"], entry["alg"] = k.id, k.algorithm.String()
	for _, change := range changes {
		for name, value := range change {
			if entry[name] = value; value == nil {
				delete(entry, name)
			}
		}
	}
	return entry
}

func jwkOf(key any) object {
	var entry object
	if err := json.Unmarshal(marshal(must(jwk.FromRaw(key))), &entry); err != nil {
		panic(err)
	}
	return entry
}

func keySet(keys ...object) []byte { return marshal(object{"keys": keys}) }

func trustedSet() []byte { return keySet(rsaKey().public(), ecKey().public(), edKey().public()) }

// claims returns the claims of a correct token with the given ones replaced; nil
// removes a claim.
func claims(changes ...object) object {
	c := object{
		"iss":        issuer,
		"aud":        audience,
		"sub":        "acc_1",
		"iat":        now.Unix(),
		"exp":        now.Add(time.Hour).Unix(),
		"portal":     "PARTNER",
		"workspaces": object{"ws_1": "OWNER"},
	}
	for _, change := range changes {
		for name, value := range change {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}
	}
	return c
}

func marshal(v any) []byte { return must(json.Marshal(v)) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
