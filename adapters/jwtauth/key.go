package jwtauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"math"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const (
	// minRSABits is the minimum size that RFC 7518 sections 3.3 and 3.5 allow.
	minRSABits = 2048
	// maxRSABits keeps a signature check below a millisecond. crypto/tls has the
	// same limit.
	maxRSABits = 8192
)

// verificationKey is a public key with the algorithms that it may be used
// with (RFC 8725 section 3.1).
type verificationKey struct {
	id        string // empty if the key set gives none
	public    any
	verifiers map[string]jws.Verifier // by algorithm
}

// fits reports whether the key may be used with algorithm.
func (k verificationKey) fits(algorithm string) bool { return k.verifiers[algorithm] != nil }

// signed reports whether the key made the signature of t with the algorithm
// that t names, which must fit.
func (k verificationKey) signed(t token) bool {
	return k.verifiers[t.header.Algorithm].Verify(t.signingInput, t.signature, k.public) == nil
}

// parseKey parses one JWK. A key that names its algorithm may be used only with
// that one, any other key with all algorithms that fit its type and size. The
// errors never quote the key, which may be a private key published by mistake.
func parseKey(raw []byte) (verificationKey, error) {
	// jwk.ParseKey accepts duplicate members.
	var members map[string]jsontext.Value
	if err := json.Unmarshal(raw, &members); err != nil {
		return verificationKey{}, errors.New("is not a JSON object of distinct members in UTF-8")
	}
	key, err := jwk.ParseKey(raw)
	if err != nil {
		return verificationKey{}, errors.New("has an unknown type or malformed members")
	}
	if use := key.KeyUsage(); use != "" && use != string(jwk.ForSignature) {
		return verificationKey{}, errors.New("is not for signatures")
	}
	if ops := key.KeyOps(); len(ops) > 0 && !slices.Contains(ops, jwk.KeyOpVerify) {
		return verificationKey{}, errors.New("is not for verification")
	}
	var public any
	if err := key.Raw(&public); err != nil {
		return verificationKey{}, errUnusable
	}
	algorithms, err := algorithmsOf(public)
	if err != nil {
		return verificationKey{}, err
	}
	if own := jwa.SignatureAlgorithm(key.Algorithm().String()); own != "" {
		if !slices.Contains(algorithms, own) {
			return verificationKey{}, errors.New("names an algorithm that it does not fit")
		}
		algorithms = []jwa.SignatureAlgorithm{own}
	}
	verifiers, err := verifiersFor(algorithms)
	if err != nil {
		return verificationKey{}, err
	}
	return verificationKey{id: key.KeyID(), public: public, verifiers: verifiers}, nil
}

func verifiersFor(algorithms []jwa.SignatureAlgorithm) (map[string]jws.Verifier, error) {
	verifiers := make(map[string]jws.Verifier, len(algorithms))
	for _, algorithm := range algorithms {
		verifier, err := jws.NewVerifier(algorithm)
		if err != nil {
			return nil, errors.New("names an algorithm that is not supported")
		}
		verifiers[algorithm.String()] = verifier
	}
	return verifiers, nil
}

var errUnusable = errors.New("has unusable parameters")

// algorithmsOf returns the signature algorithms of RFC 7518 section 3.1 and RFC
// 8037 that fit a public key. It rejects private and symmetric keys, because
// anyone who can read the key set could sign with them.
func algorithmsOf(public any) ([]jwa.SignatureAlgorithm, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return rsaAlgorithms(public)
	case *ecdsa.PublicKey:
		// The conversion fails for a point that is not on the curve.
		if _, err := public.ECDH(); err != nil {
			return nil, errUnusable
		}
		return ecAlgorithms(public.Curve)
	case ed25519.PublicKey:
		// ed25519.Verify panics for other sizes.
		if len(public) != ed25519.PublicKeySize {
			return nil, errors.New("is an Ed25519 key that is not 32 bytes long")
		}
		return []jwa.SignatureAlgorithm{jwa.EdDSA}, nil
	}
	return nil, errors.New("is not a public key for signatures")
}

// rsaAlgorithms also rejects keys with which crypto/rsa never verifies a signature.
func rsaAlgorithms(public *rsa.PublicKey) ([]jwa.SignatureAlgorithm, error) {
	bits := public.N.BitLen()
	switch {
	case bits < minRSABits:
		return nil, errors.New("is an RSA key of less than 2048 bits")
	case bits > maxRSABits:
		return nil, errors.New("is an RSA key of more than 8192 bits")
	case public.N.Bit(0) == 0, public.E < 3, public.E%2 == 0, public.E > math.MaxInt32:
		return nil, errUnusable
	}
	return []jwa.SignatureAlgorithm{jwa.RS256, jwa.RS384, jwa.RS512, jwa.PS256, jwa.PS384, jwa.PS512}, nil
}

func ecAlgorithms(curve elliptic.Curve) ([]jwa.SignatureAlgorithm, error) {
	switch curve {
	case elliptic.P256():
		return []jwa.SignatureAlgorithm{jwa.ES256}, nil
	case elliptic.P384():
		return []jwa.SignatureAlgorithm{jwa.ES384}, nil
	case elliptic.P521():
		return []jwa.SignatureAlgorithm{jwa.ES512}, nil
	}
	return nil, errors.New("is on an unknown curve")
}
