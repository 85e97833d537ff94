package domain

// Algorithm names the algorithm of a digest, so that digests of several
// algorithms can be stored side by side.
type Algorithm string

// AlgorithmHMACSHA256 is HMAC-SHA-256 (RFC 2104) of the whole secret, keyed with a
// pepper.
const AlgorithmHMACSHA256 Algorithm = "hmac-sha256"

// Digest is the stored form of a secret. Like a [Secret], it prints only a
// placeholder.
type Digest struct {
	Redacted

	Algorithm Algorithm
	PepperID  string
	Sum       [32]byte
}

// SecretVerifier reports, in constant time, whether a digest is that of a secret.
type SecretVerifier interface {
	Verify(secret Secret, digest Digest) bool
}
