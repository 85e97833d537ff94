package ports

import "github.com/slaunchx/apikeys/domain"

// SecretHasher turns secrets into digests, which may be stored. Its methods are
// safe for concurrent use.
type SecretHasher interface {
	// Hash returns the digest of secret under the current pepper.
	Hash(secret domain.Secret) domain.Digest

	// Verify reports whether digest is that of secret, computed by this hasher or
	// by one with the same peppers. It takes the same time for every result, and
	// returns false for an unknown algorithm or pepper.
	Verify(secret domain.Secret, digest domain.Digest) bool

	// Outdated reports whether digest has another pepper or algorithm than the
	// digests that Hash returns now. It computes no hash.
	Outdated(digest domain.Digest) bool
}
