package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"hash"
	"sync"

	"github.com/slaunchx/apikeys/adapters/internal/keyring"
	"github.com/slaunchx/apikeys/domain"
)

// Hasher computes and verifies digests with a ring of peppers. It implements
// ports.SecretHasher and domain.SecretVerifier. It is safe for concurrent use,
// does not allocate once warm, and prints only a placeholder.
type Hasher struct {
	domain.Redacted

	keyed []*keyedHash // in the ring's order, never empty
}

// NewHasher returns a hasher that hashes with the first pepper of ring and
// verifies with all of them. It panics if ring is empty.
func NewHasher(ring Ring) *Hasher {
	if len(ring.peppers) == 0 {
		panic("secrets: ring without a pepper")
	}
	h := &Hasher{keyed: make([]*keyedHash, len(ring.peppers))}
	for i, p := range ring.peppers {
		h.keyed[i] = newKeyedHash(p)
	}
	return h
}

// Hash returns the digest of secret under the current pepper.
func (h *Hasher) Hash(secret domain.Secret) domain.Digest {
	current := h.keyed[0]
	return domain.Digest{
		Algorithm: keyedAlgorithm(secret),
		PepperID:  current.pepperID,
		Sum:       current.sum(secret),
	}
}

// Verify reports whether digest is that of secret under a pepper of the ring.
// It does the same work for every result: if the pepper or the algorithm is
// unknown, it hashes with the current pepper and discards the result.
func (h *Hasher) Verify(secret domain.Secret, digest domain.Digest) bool {
	if secret.Foreign() {
		return h.verifyForeign(secret, digest)
	}
	keyed, known := h.find(digest.PepperID)
	sum := keyed.sum(secret)
	same := subtle.ConstantTimeCompare(sum[:], digest.Sum[:]) == 1
	return same && known && digest.Algorithm == domain.AlgorithmHMACSHA256 && !secret.IsZero()
}

// Outdated reports whether digest has another pepper or algorithm than the
// digests that Hash returns now.
func (h *Hasher) Outdated(digest domain.Digest) bool {
	return digest.PepperID != h.keyed[0].pepperID ||
		digest.Algorithm != domain.AlgorithmHMACSHA256 && digest.Algorithm != domain.AlgorithmForeignHMAC
}

func (h *Hasher) find(pepperID string) (*keyedHash, bool) {
	for _, k := range h.keyed {
		if k.pepperID == pepperID {
			return k, true
		}
	}
	return h.keyed[0], false
}

// keyedHash is HMAC-SHA-256 with one pepper. Keying a state costs two
// compressions, so keyed states are reused (RFC 2104 section 4).
type keyedHash struct {
	pepperID string
	states   sync.Pool // of *state
}

type state struct {
	mac     hash.Hash
	in, out []byte // kept here because arguments of an interface method escape to the heap
}

func newKeyedHash(p keyring.Entry) *keyedHash {
	return &keyedHash{pepperID: p.ID, states: sync.Pool{New: func() any {
		return &state{mac: hmac.New(sha256.New, p.Key()), in: make([]byte, 0, domain.SecretLength), out: make([]byte, 0, sha256.Size)}
	}}}
}

func (k *keyedHash) sum(secret domain.Secret) (sum [sha256.Size]byte) {
	s, _ := k.states.Get().(*state) // the pool holds nothing else
	s.in = append(s.in[:0], secret.Reveal()...)
	s.mac.Reset()
	s.mac.Write(s.in)
	clear(s.in)
	s.out = s.mac.Sum(s.out[:0])
	copy(sum[:], s.out)
	k.states.Put(s)
	return sum
}
