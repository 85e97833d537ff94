package ports

import "github.com/slaunchx/apikeys/domain"

// SecretHasher turns secrets into what may be stored of them. Its methods are
// safe for concurrent use.
type SecretHasher interface {
	// Hash returns the digest of secret under the current pepper.
	Hash(secret domain.Secret) domain.Digest

	// Verify says whether digest was made of secret, by this hasher or by
	// one that held the same peppers. It takes the same time whatever the
	// answer, and says no to a digest whose algorithm or pepper it does not
	// know.
	Verify(secret domain.Secret, digest domain.Digest) bool

	// Outdated says whether Hash makes digests in another way than digest was
	// made: under another pepper or by another algorithm. It hashes nothing.
	Outdated(digest domain.Digest) bool
}
