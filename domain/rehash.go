package domain

// Rehash is the replacement of a stored digest by a newer one of the same secret.
type Rehash struct {
	KeyID    KeyID
	Old, New Digest
}

// Rehasher computes digests.
type Rehasher interface {
	Hash(secret Secret) Digest

	// Outdated reports whether digest has another pepper or algorithm than the
	// digests that Hash returns.
	Outdated(digest Digest) bool
}

// Rehash returns the replacement of stored digest i, which secret has proven, or
// false if that digest is not outdated. It hashes only if it is.
func (g *Grant) Rehash(i int, secret Secret, hasher Rehasher) (Rehash, bool) {
	old := g.secrets[i].digest()
	if !hasher.Outdated(old) {
		return Rehash{}, false
	}
	return Rehash{KeyID: g.id, Old: old, New: hasher.Hash(secret)}, true
}
