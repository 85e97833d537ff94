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

// now is when every test takes place, unless it moves its clock.
var now = time.Date(2026, 3, 21, 7, 30, 0, 0, time.UTC)

const (
	issuer   = "https://issuer.example"
	audience = "apikeys"
)

type object = map[string]any

// signingKey is a private key and what the key set says of it.
type signingKey struct {
	id        string
	algorithm jwa.SignatureAlgorithm
	private   crypto.Signer
}

// The keys of the trusted issuer, and one of a stranger. Making an RSA key
// takes long, so all tests share them.
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

// as is the same key under another algorithm.
func (k signingKey) as(algorithm jwa.SignatureAlgorithm) signingKey {
	k.algorithm = algorithm
	return k
}

func (k signingKey) named(id string) signingKey {
	k.id = id
	return k
}

// token is an honest token of the claims.
func (k signingKey) token(claims object) string { return k.sign(k.header(), claims) }

// sign makes a token whose signature is right, whatever the header says.
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

// public is the key's entry in a key set, changed as said.
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

// claims are those of an honest token, changed as said; nil removes one.
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
