package jwtauth_test

import (
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

func TestAuthenticate_RejectsForgedKeysAndAlgorithms(t *testing.T) {
	t.Parallel()
	attacker := serveKeys(t, keySet(strangerKey().public()))
	a := trusting(t, trustedSet())
	for name, token := range map[string]string{
		"alg none without signature":                    unsigned("none"),
		"alg none in another case":                      unsigned("nOnE"),
		"alg none with the signature of the key":        rsaKey().sign(object{"alg": "none", "kid": "rsa"}, claims()),
		"no alg at all":                                 rsaKey().sign(object{"kid": "rsa"}, claims()),
		"alg that is not a string":                      rsaKey().sign(object{"kid": "rsa", "alg": 256}, claims()),
		"HMAC with the public key as PKIX PEM":          hmacSigned(rsaKey(), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix(rsaKey())})),
		"HMAC with the public key as DER":               hmacSigned(rsaKey(), pkix(rsaKey())),
		"HMAC with the public key as JWK":               hmacSigned(rsaKey(), marshal(rsaKey().public())),
		"HMAC with the public key as served":            hmacSigned(rsaKey(), trustedSet()),
		"HMAC with the EC public key as PKIX PEM":       hmacSigned(ecKey(), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix(ecKey())})),
		"HMAC with the Ed25519 public key's bytes":      hmacSigned(edKey(), edPublic()),
		"HMAC with an empty secret":                     hmacSigned(rsaKey(), nil),
		"a longer hash than that of the key":            rsaKey().as(jwa.RS512).token(claims()),
		"PSS with a key for PKCS 1":                     rsaKey().as(jwa.PS256).token(claims()),
		"PSS named as PKCS 1":                           rsaKey().as(jwa.PS256).sign(rsaKey().header(), claims()),
		"the kid of another key of the set":             ecKey().named("rsa").token(claims()),
		"the kid of another key and its algorithm":      ecKey().sign(rsaKey().header(), claims()),
		"a kid that is not in the set":                  strangerKey().token(claims()),
		"a known kid with a stranger's signature":       strangerKey().named("rsa").token(claims()),
		"a kid that is a path":                          strangerKey().named("../../dev/null").token(claims()),
		"a kid in another case":                         rsaKey().named("RSA").token(claims()),
		"a kid that is not a string":                    rsaKey().sign(object{"alg": "RS256", "kid": []string{"rsa"}}, claims()),
		"no kid, but several keys in the set":           rsaKey().sign(object{"alg": "RS256"}, claims()),
		"an embedded jwk":                               strangerKey().sign(strangerHeader("jwk", strangerKey().public()), claims()),
		"an embedded jwk under a known kid":             strangerKey().sign(object{"alg": "RS256", "kid": "rsa", "jwk": strangerKey().public()}, claims()),
		"an embedded jwk without kid":                   strangerKey().sign(object{"alg": "RS256", "jwk": strangerKey().public()}, claims()),
		"an embedded certificate (x5c)":                 strangerKey().sign(strangerHeader("x5c", []string{certificate(strangerKey())}), claims()),
		"an embedded certificate (x5c) and a known kid": strangerKey().sign(object{"alg": "RS256", "kid": "rsa", "x5c": []string{certificate(strangerKey())}}, claims()),
		"a link to keys (jku)":                          strangerKey().sign(strangerHeader("jku", attacker.URL), claims()),
		"a link to keys (jku) and a known kid":          strangerKey().sign(object{"alg": "RS256", "kid": "rsa", "jku": attacker.URL}, claims()),
		"a link to a certificate (x5u)":                 strangerKey().sign(strangerHeader("x5u", attacker.URL), claims()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRejected(t, a, token)
		})
	}
	t.Cleanup(func() {
		if n := attacker.hits.Load(); n != 0 {
			t.Errorf("%d links in tokens were followed", n)
		}
	})
}

func TestAuthenticate_RejectsTamperedSignatures(t *testing.T) {
	t.Parallel()
	a := trusting(t, trustedSet())
	honest := ecKey().token(claims())
	input, signature := split(honest)
	head, payload, _ := strings.Cut(input, ".")
	other := encode(marshal(claims(object{"sub": "acc_2"})))
	half := decode(t, signature)[:32]
	for name, token := range map[string]string{
		"the payload of another token":        head + "." + other + "." + signature,
		"the header of another key":           encode(marshal(rsaKey().header())) + "." + payload + "." + signature,
		"no signature":                        input + ".",
		"the signature cut short":             input + "." + encode(half),
		"the signature twice":                 honest + signature,
		"a signature of zeros":                input + "." + encode(make([]byte, 64)),
		"a signature of r = s = the order":    input + "." + encode(orderTwice()),
		"a signature in DER":                  input + "." + encode(append([]byte{0x30, 0x44, 2, 32}, decode(t, signature)...)),
		"a signature in base64 with padding":  honest + "==",
		"a signature with a line break":       input + "." + signature[:8] + "\r\n" + signature[8:],
		"a signature with its spare bits set": input + "." + spareBits(signature),
		"an RSA signature of zeros":           zeroSigned(rsaKey(), 256),
		"an Ed25519 signature of zeros":       zeroSigned(edKey(), 64),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRejected(t, a, token)
		})
	}
	wantAccepted(t, a, honest)
}

func unsigned(algorithm string) string {
	return encode(marshal(object{"alg": algorithm, "kid": "rsa"})) + "." + encode(marshal(claims())) + "."
}

func strangerHeader(name string, value any) object {
	header := strangerKey().header()
	header[name] = value
	return header
}

// hmacSigned returns a token for the classic confusion attack: an HMAC keyed with
// the public key.
func hmacSigned(k signingKey, secret []byte) string {
	input := encode(marshal(object{"alg": "HS256", "kid": k.id})) + "." + encode(marshal(claims()))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + encode(mac.Sum(nil))
}

func zeroSigned(k signingKey, length int) string {
	input, _ := split(k.token(claims()))
	return input + "." + encode(make([]byte, length))
}

func pkix(k signingKey) []byte { return must(x509.MarshalPKIXPublicKey(k.private.Public())) }

// edPublic returns the last 32 bytes of a PKIX structure (RFC 8410 section 4).
func edPublic() []byte {
	der := pkix(edKey())
	return der[len(der)-32:]
}

func certificate(k signingKey) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der := must(x509.CreateCertificate(rand.Reader, template, template, k.private.Public(), k.private))
	return base64.StdEncoding.EncodeToString(der)
}

func split(token string) (input, signature string) {
	i := strings.LastIndexByte(token, '.')
	return token[:i], token[i+1:]
}

// spareBits sets one of the four bits of the last character that decoding 64
// bytes discards.
func spareBits(signature string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(signature) - 1
	return signature[:last] + string(alphabet[strings.IndexByte(alphabet, signature[last])|1])
}

func orderTwice() []byte {
	order := ecOrder()
	return append(order, order...)
}

func ecOrder() []byte { return elliptic.P256().Params().N.Bytes() }
