package domain

// Algorithm names how a digest was made, so that digests of several kinds can
// be stored beside each other.
type Algorithm string

// AlgorithmHMACSHA256 is HMAC-SHA-256 (RFC 2104) of the whole secret under a pepper.
const AlgorithmHMACSHA256 Algorithm = "hmac-sha256"

// Digest is what is stored of a secret. Like the secret, it cannot be printed
// by accident.
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
