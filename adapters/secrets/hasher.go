package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
	"unsafe"

	"github.com/slaunchx/apikeys/domain"
)

// Hasher makes and checks digests under a ring of peppers. It implements
// ports.SecretHasher and domain.SecretVerifier, is safe for concurrent use,
// allocates nothing once warm, and cannot be printed.
type Hasher struct {
	unprintable
	keyed []*keyedHash // in the ring's order, never empty
}

// NewHasher returns a hasher under the first pepper of ring that still knows
// the others. It panics on a ring that [ParseRing] did not make.
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
		Algorithm: domain.AlgorithmHMACSHA256,
		PepperID:  current.pepperID,
		Sum:       current.sum(secret),
	}
}

// Verify says whether digest was made of secret under a pepper of the ring.
// The same work is done for every answer: where the pepper or the algorithm is
// unknown the current pepper is tried, and its answer dropped.
func (h *Hasher) Verify(secret domain.Secret, digest domain.Digest) bool {
	keyed, known := h.find(digest.PepperID)
	sum := keyed.sum(secret)
	same := equal(&sum, &digest.Sum)
	return same && known && digest.Algorithm == domain.AlgorithmHMACSHA256 && !secret.IsZero()
}

// Outdated says whether digest was made otherwise than Hash makes them now.
func (h *Hasher) Outdated(digest domain.Digest) bool {
	return digest.PepperID != h.keyed[0].pepperID || digest.Algorithm != domain.AlgorithmHMACSHA256
}

// equal compares in constant time: whatever the sums are, the same four words
// are joined, and the only branch is on all of them. It does word by word what
// [hmac.Equal] does byte by byte, in an eighth of its time.
func equal(a, b *[sha256.Size]byte) bool {
	var differ uint64
	for i := 0; i < sha256.Size; i += 8 {
		differ |= binary.NativeEndian.Uint64(a[i:]) ^ binary.NativeEndian.Uint64(b[i:])
	}
	return differ == 0
}

func (h *Hasher) find(pepperID string) (*keyedHash, bool) {
	for _, k := range h.keyed {
		if k.pepperID == pepperID {
			return k, true
		}
	}
	return h.keyed[0], false
}

// keyedHash is HMAC-SHA-256 under one pepper. Keying costs two compressions,
// so keyed states are kept for the next secret (RFC 2104 section 4).
type keyedHash struct {
	pepperID string
	states   sync.Pool // of *state
}

type state struct {
	mac hash.Hash
	out []byte // of the state, since what an interface method is handed moves to the heap
}

func newKeyedHash(p *pepper) *keyedHash {
	return &keyedHash{pepperID: p.id, states: sync.Pool{New: func() any {
		return &state{mac: hmac.New(sha256.New, p.key()), out: make([]byte, 0, sha256.Size)}
	}}}
}

func (k *keyedHash) sum(secret domain.Secret) (sum [sha256.Size]byte) {
	s, _ := k.states.Get().(*state) // the pool holds nothing else
	text := secret.Reveal()
	s.mac.Reset()
	s.mac.Write(unsafe.Slice(unsafe.StringData(text), len(text))) // which is only read
	s.out = s.mac.Sum(s.out[:0])
	copy(sum[:], s.out)
	k.states.Put(s)
	return sum
}
