package jwtauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// minRSABits is what RFC 7518 sections 3.3 and 3.5 ask for.
const minRSABits = 2048

// verificationKey is a public key with the one algorithm it may be used with
// (RFC 8725 section 3.1).
type verificationKey struct {
	id        string // empty when the key set gives none
	algorithm jwa.SignatureAlgorithm
	public    any
	verifier  jws.Verifier
}

func (k verificationKey) verify(signingInput, signature []byte) error {
	return k.verifier.Verify(signingInput, signature, k.public)
}

// parseKey reads one JWK. The algorithm is the key's own, or where it names
// none the usual one of its kind: RS256 for RSA, and the only one there is for
// the others. The errors quote nothing, for the key may be a secret one that
// was published by mistake.
func parseKey(raw []byte) (verificationKey, error) {
	key, err := jwk.ParseKey(raw)
	if err != nil {
		return verificationKey{}, errors.New("cannot be read")
	}
	if use := key.KeyUsage(); use != "" && use != string(jwk.ForSignature) {
		return verificationKey{}, errors.New("is not for signatures")
	}
	if ops := key.KeyOps(); len(ops) > 0 && !slices.Contains(ops, jwk.KeyOpVerify) {
		return verificationKey{}, errors.New("is not for verification")
	}
	var public any
	if err := key.Raw(&public); err != nil {
		return verificationKey{}, errors.New("has unusable parameters")
	}
	fitting, err := algorithms(public)
	if err != nil {
		return verificationKey{}, err
	}
	algorithm := fitting[0]
	if own := key.Algorithm().String(); own != "" {
		algorithm = jwa.SignatureAlgorithm(own)
	}
	if !slices.Contains(fitting, algorithm) {
		return verificationKey{}, errors.New("names an algorithm that it does not fit")
	}
	verifier, err := jws.NewVerifier(algorithm)
	if err != nil {
		return verificationKey{}, errors.New("names an algorithm that is not supported")
	}
	return verificationKey{id: key.KeyID(), algorithm: algorithm, public: public, verifier: verifier}, nil
}

// algorithms returns what a public key may be used with, the usual one first.
// Private and symmetric keys are refused: whoever reads such a key set can
// sign with them.
func algorithms(public any) ([]jwa.SignatureAlgorithm, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < minRSABits {
			return nil, errors.New("is an RSA key of less than 2048 bits")
		}
		return []jwa.SignatureAlgorithm{jwa.RS256, jwa.RS384, jwa.RS512, jwa.PS256, jwa.PS384, jwa.PS512}, nil
	case *ecdsa.PublicKey:
		// The conversion fails for a point that is not on the curve.
		if _, err := public.ECDH(); err != nil {
			return nil, errors.New("has unusable parameters")
		}
		return ecAlgorithm(public.Curve)
	case ed25519.PublicKey:
		return []jwa.SignatureAlgorithm{jwa.EdDSA}, nil
	}
	return nil, errors.New("is not a public key for signatures")
}

func ecAlgorithm(curve elliptic.Curve) ([]jwa.SignatureAlgorithm, error) {
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
