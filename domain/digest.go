package domain

// Algorithm names the algorithm of a digest, so that digests of several
// algorithms can be stored side by side.
type Algorithm string

// AlgorithmHMACSHA256 is HMAC-SHA-256 (RFC 2104) of the whole secret, keyed with a
// pepper.
const AlgorithmHMACSHA256 Algorithm = "hmac-sha256"

// AlgorithmForeignHMAC is the same function of a foreign secret. The key is looked up
// by this digest, because the secret does not begin with the ID of its key.
const AlgorithmForeignHMAC Algorithm = "hmac-sha256-foreign"

// The algorithms of other systems, whose digests are replaced by
// [AlgorithmForeignHMAC] when a key is first used. They have no pepper.
const (
	AlgorithmSHA256                Algorithm = "sha256"                  // of the whole secret
	AlgorithmSHA256AfterBar        Algorithm = "sha256-after-bar"        // of what follows the first |
	AlgorithmSHA256AfterUnderscore Algorithm = "sha256-after-underscore" // of what follows the last _
	AlgorithmSHA512Half            Algorithm = "sha512-half"             // the first 32 bytes of SHA-512 of the whole secret
)

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

// PepperCheck distinguishes peppers that have the same identifier without revealing
// anything about them. It is not the digest of any secret.
type PepperCheck struct {
	PepperID string // 1 to 32 of A-Z a-z 0-9 _ -
	Sum      [32]byte
}
