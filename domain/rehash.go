package domain

// Rehash is the replacement of a stored digest by a newer digest of the same secret.
type Rehash struct {
	KeyID    KeyID
	Old, New Digest
}

// SecretHasher turns secrets into digests, which may be stored. Its methods are
// safe for concurrent use.
type SecretHasher interface {
	// Hash returns the digest of secret under the current pepper. For a foreign secret
	// its algorithm is [AlgorithmForeignHMAC].
	Hash(secret Secret) Digest

	// Verify reports whether digest is that of secret, computed by this hasher or
	// by one with the same peppers. It takes the same time for every result, and
	// returns false for an unknown algorithm or pepper.
	SecretVerifier

	// Outdated reports whether digest has another pepper or algorithm than the
	// digests that Hash returns now. It computes no hash.
	Outdated(digest Digest) bool

	// Lookups returns all digests under which a store may have a foreign secret, both
	// those that Hash makes and those of other systems. The first is the result of
	// Hash.
	Lookups(secret Secret) []Digest
}

// Rehash returns the replacement of stored digest i, which secret has proven. It
// returns false, without hashing, if that digest is not outdated.
func (g *Grant) Rehash(i int, secret Secret, hasher SecretHasher) (Rehash, bool) {
	old := g.secrets[i].digest()
	if !hasher.Outdated(old) {
		return Rehash{}, false
	}
	return Rehash{KeyID: g.id, Old: old, New: hasher.Hash(secret)}, true
}
