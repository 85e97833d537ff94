package domain

import "time"

// Rehash says how a stored digest that a secret has proven is to be replaced.
type Rehash struct {
	KeyID    KeyID
	Old, New Digest
}

// Rehasher is a verifier that makes digests too.
type Rehasher interface {
	SecretVerifier

	Hash(secret Secret) Digest

	// Outdated says whether Hash makes digests in another way than that one
	// was made.
	Outdated(digest Digest) bool
}

// Rehash returns the replacement of the digest that secret proves at now, and
// false when that one is not outdated or the secret proves nothing. It hashes
// only where a digest is outdated.
func (g *Grant) Rehash(secret Secret, hasher Rehasher, now time.Time) (Rehash, bool) {
	if !g.outdated(hasher, now) {
		return Rehash{}, false
	}
	i := g.provenBy(secret, hasher, now)
	if i < 0 || !hasher.Outdated(g.secrets[i].digest()) {
		return Rehash{}, false
	}
	return Rehash{KeyID: g.id, Old: g.secrets[i].digest(), New: hasher.Hash(secret)}, true
}

// outdated says whether the digest of any secret that is of use at now is.
func (g *Grant) outdated(hasher Rehasher, now time.Time) bool {
	for i := range g.secrets {
		if !reached(g.secrets[i].validUntil, now) && hasher.Outdated(g.secrets[i].digest()) {
			return true
		}
	}
	return false
}
