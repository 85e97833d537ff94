package secrets

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

// otherSystems computes the digests of other systems. Each function returns false if
// the system cannot have issued the text.
var otherSystems = map[domain.Algorithm]func(text string) ([32]byte, bool){
	domain.AlgorithmSHA256: func(text string) ([32]byte, bool) { return sha256.Sum256([]byte(text)), true },
	domain.AlgorithmSHA256AfterBar: func(text string) ([32]byte, bool) {
		_, token, found := strings.Cut(text, "|")
		return sha256.Sum256([]byte(token)), found
	},
	domain.AlgorithmSHA256AfterUnderscore: func(text string) ([32]byte, bool) {
		last := strings.LastIndexByte(text, '_')
		return sha256.Sum256([]byte(text[last+1:])), last >= 0
	},
	domain.AlgorithmSHA512Half: func(text string) ([32]byte, bool) {
		sum := sha512.Sum512([]byte(text))
		return [32]byte(sum[:32]), true
	},
}

// keyedAlgorithm returns the algorithm of the digests that Hash makes of secret.
func keyedAlgorithm(secret domain.Secret) domain.Algorithm {
	if secret.Foreign() {
		return domain.AlgorithmForeignHMAC
	}
	return domain.AlgorithmHMACSHA256
}

// Lookups returns all digests under which a store may have a foreign secret. The first
// is the result of Hash.
func (h *Hasher) Lookups(secret domain.Secret) []domain.Digest {
	digests := make([]domain.Digest, 0, len(h.keyed)+len(otherSystems))
	for _, k := range h.keyed {
		digests = append(digests, domain.Digest{Algorithm: domain.AlgorithmForeignHMAC, PepperID: k.pepperID, Sum: k.sum(secret)})
	}
	for algorithm, compute := range otherSystems {
		if sum, ok := compute(secret.Reveal()); ok {
			digests = append(digests, domain.Digest{Algorithm: algorithm, Sum: sum})
		}
	}
	return digests
}

// verifyForeign is like Verify, for a foreign secret.
func (h *Hasher) verifyForeign(secret domain.Secret, digest domain.Digest) bool {
	var sum [32]byte
	var known bool
	if compute, ok := otherSystems[digest.Algorithm]; ok && digest.PepperID == "" {
		sum, known = compute(secret.Reveal())
	} else {
		keyed, found := h.find(digest.PepperID)
		sum, known = keyed.sum(secret), found && digest.Algorithm == domain.AlgorithmForeignHMAC
	}
	return subtle.ConstantTimeCompare(sum[:], digest.Sum[:]) == 1 && known
}
