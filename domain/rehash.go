package domain

// Rehash replaces the stored digest of a secret by a newer one.
type Rehash struct {
	KeyID    KeyID
	Old, New Digest
}

// Rehasher makes digests.
type Rehasher interface {
	Hash(secret Secret) Digest

	// Outdated reports whether Hash makes digests in another way than the one
	// digest was made in.
	Outdated(digest Digest) bool
}

// Rehash returns the replacement of the digest of secret i, which secret has
// proven, or false if that digest is not outdated. It hashes only an outdated
// one.
func (g *Grant) Rehash(i int, secret Secret, hasher Rehasher) (Rehash, bool) {
	old := g.secrets[i].digest()
	if !hasher.Outdated(old) {
		return Rehash{}, false
	}
	return Rehash{KeyID: g.id, Old: old, New: hasher.Hash(secret)}, true
}
