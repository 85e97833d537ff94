package jwtauth_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
)

func TestAuthenticate_AcceptsExactlyTheAlgorithmOfTheKey(t *testing.T) {
	t.Parallel()
	rsa := rsaKey().private
	p384, p521 := newEC(elliptic.P384()), newEC(elliptic.P521())
	keys := []signingKey{
		{"1", jwa.RS256, rsa},
		{"2", jwa.RS384, rsa},
		{"3", jwa.RS512, rsa},
		{"4", jwa.PS256, rsa},
		{"5", jwa.PS384, rsa},
		{"6", jwa.PS512, rsa},
		{"7", jwa.ES256, ecKey().private},
		{"8", jwa.ES384, p384},
		{"9", jwa.ES512, p521},
		{"10", jwa.EdDSA, edKey().private},
	}
	entries := make([]object, len(keys))
	for i, key := range keys {
		entries[i] = key.public()
	}
	a := trusting(t, keySet(entries...))
	for _, key := range keys {
		for _, other := range keys {
			t.Run(other.algorithm.String()+" under the key for "+key.algorithm.String(), func(t *testing.T) {
				t.Parallel()
				token := other.named(key.id).token(claims())
				if other.id == key.id {
					wantAccepted(t, a, token)
				} else {
					wantRejected(t, a, token)
				}
			})
		}
	}
}

// A key without alg may be used with every algorithm of RFC 7518 section 3.1 or
// RFC 8037 that fits its type and size, and with no other.
func TestAuthenticate_AcceptsTheAlgorithmsThatFitAKeyWithoutAlg(t *testing.T) {
	t.Parallel()
	keys := map[string]signingKey{
		"RSA":     rsaKey(),
		"P-256":   ecKey(),
		"P-384":   {"p384", jwa.ES384, newEC(elliptic.P384())},
		"P-521":   {"p521", jwa.ES512, newEC(elliptic.P521())},
		"Ed25519": edKey(),
	}
	fitting := map[string][]jwa.SignatureAlgorithm{
		"RSA":     {jwa.RS256, jwa.RS384, jwa.RS512, jwa.PS256, jwa.PS384, jwa.PS512},
		"P-256":   {jwa.ES256},
		"P-384":   {jwa.ES384},
		"P-521":   {jwa.ES512},
		"Ed25519": {jwa.EdDSA},
	}
	var entries []object
	for _, key := range keys {
		entries = append(entries, key.public(object{"alg": nil}))
	}
	a := trusting(t, keySet(entries...))
	for kind, key := range keys {
		for _, algorithm := range jwa.SignatureAlgorithms() {
			t.Run(algorithm.String()+" of "+kind, func(t *testing.T) {
				t.Parallel()
				if slices.Contains(fitting[kind], algorithm) {
					wantAccepted(t, a, key.as(algorithm).token(claims()))
					return
				}
				wantRejected(t, a, key.sign(object{"alg": algorithm, "kid": key.id}, claims()))
				wantRejected(t, a, hmacSigned(key, pkix(key)))
			})
		}
	}
	t.Run("one named as another", func(t *testing.T) {
		t.Parallel()
		wantRejected(t, a, rsaKey().as(jwa.PS256).sign(rsaKey().header(), claims()))
		wantRejected(t, a, rsaKey().sign(rsaKey().as(jwa.RS512).header(), claims()))
	})
}

func TestAuthenticate_AcceptsATokenWithoutKid(t *testing.T) {
	t.Parallel()
	token := ecKey().sign(object{"alg": "ES256"}, claims())
	for name, c := range map[string]struct {
		set      []byte
		accepted bool
	}{
		"the only key, without kid":   {keySet(ecKey().public(object{"kid": nil})), true},
		"the only key, with a kid":    {keySet(ecKey().public()), true},
		"the only usable key":         {keySet(ecKey().public(), object{"kty": "oct", "k": "AAAA"}), true},
		"another only key":            {keySet(rsaKey().public()), false},
		"one of two keys":             {keySet(ecKey().public(), rsaKey().public()), false},
		"one of two keys without kid": {keySet(ecKey().public(object{"kid": nil}), rsaKey().public(object{"kid": nil})), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := trusting(t, c.set)
			if c.accepted {
				wantAccepted(t, a, token)
			} else {
				wantRejected(t, a, token)
			}
		})
	}
}

func TestAuthenticate_DistinguishesKeysOfOneKidByAlgorithm(t *testing.T) {
	t.Parallel()
	a := trusting(t, keySet(rsaKey().named("k").public(), ecKey().named("k").public()))
	wantAccepted(t, a, rsaKey().named("k").token(claims()))
	wantAccepted(t, a, ecKey().named("k").token(claims()))
	wantRejected(t, a, strangerKey().named("k").token(claims()))
}

func TestNew_SkipsUnusableKeys(t *testing.T) {
	t.Parallel()
	weak := signingKey{"weak", jwa.RS256, newRSA(1024)}
	secret := jwkOf(ecKey().private)
	secret["kid"], secret["alg"] = "ec", "ES256"
	offCurve := ecKey().public(object{"x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))})
	cases := map[string]struct {
		entry object
		token string
	}{
		"a symmetric key":             {object{"kty": "oct", "k": encode([]byte(strings.Repeat("s", 32))), "kid": "rsa", "alg": "HS256"}, hmacSigned(rsaKey(), []byte(strings.Repeat("s", 32)))},
		"a private key":               {secret, ecKey().token(claims())},
		"a key for encryption":        {rsaKey().public(object{"use": "enc"}), rsaKey().token(claims())},
		"a key of unknown use":        {rsaKey().public(object{"use": "tls"}), rsaKey().token(claims())},
		"a key that may not verify":   {rsaKey().public(object{"key_ops": []string{"encrypt"}}), rsaKey().token(claims())},
		"a weak RSA key":              {weak.public(), weak.token(claims())},
		"no alg and for encryption":   {rsaKey().public(object{"alg": nil, "use": "enc"}), rsaKey().token(claims())},
		"no alg and not to verify":    {rsaKey().public(object{"alg": nil, "key_ops": []string{"sign"}}), rsaKey().token(claims())},
		"an algorithm for encryption": {rsaKey().public(object{"alg": "RSA-OAEP"}), rsaKey().token(claims())},
		"an unknown algorithm":        {rsaKey().public(object{"alg": "RS1"}), rsaKey().token(claims())},
		"a symmetric algorithm":       {rsaKey().public(object{"alg": "HS256"}), hmacSigned(rsaKey(), pkix(rsaKey()))},
		"another type's algorithm":    {rsaKey().public(object{"alg": "ES256"}), rsaKey().token(claims())},
		"another curve's algorithm":   {ecKey().public(object{"alg": "ES384"}), ecKey().token(claims())},
		"a point off the curve":       {offCurve, ecKey().token(claims())},
		"a key for key agreement":     {x25519("ed"), edKey().token(claims())},
		"an unknown type":             {object{"kty": "PQC", "kid": "rsa"}, rsaKey().token(claims())},
		"a key without parameters":    {object{"kty": "RSA", "kid": "rsa"}, rsaKey().token(claims())},
	}
	good := signingKey{"good", jwa.EdDSA, newEd()}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			a := start(t, config(fromFile(keyFile(t, keySet(c.entry, good.public()))), func(c *jwtauth.Config) {
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			}))
			if !strings.Contains(log.String(), "key 0 ") {
				t.Errorf("the log does not report key 0 as skipped: %s", log.String())
			}
			if k, ok := c.entry["d"].(string); ok && strings.Contains(log.String(), k) {
				t.Error("the log shows a private key")
			}
			wantAccepted(t, a, good.token(claims()))
			wantRejected(t, a, c.token)
		})
		t.Run(name+" alone", func(t *testing.T) {
			t.Parallel()
			if _, err := jwtauth.New(t.Context(), config(fromFile(keyFile(t, keySet(c.entry))))); err == nil {
				t.Error("a file without a usable key is accepted")
			}
		})
	}
}

func TestAuthenticate_AcceptsAKeyForVerification(t *testing.T) {
	t.Parallel()
	for name, alg := range map[string]any{"with alg": "RS256", "without alg": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := trusting(t, keySet(rsaKey().public(object{"alg": alg, "use": "sig", "key_ops": []string{"verify"}})))
			wantAccepted(t, a, rsaKey().token(claims()))
		})
	}
}

// x25519 returns a key of the other type in RFC 8037, for key agreement.
func x25519(id string) object {
	public := must(ecdh.X25519().GenerateKey(rand.Reader)).PublicKey().Bytes()
	return object{"kty": "OKP", "crv": "X25519", "x": encode(public), "kid": id}
}
