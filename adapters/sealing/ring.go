package sealing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/slaunchx/apikeys/adapters/internal/keyring"
	"github.com/slaunchx/apikeys/domain"
)

// Ring holds sealing keys; the first is the current one. It is safe for concurrent
// use and prints only a placeholder. The zero value is empty and seals nothing;
// [ParseRing] returns a usable ring.
type Ring struct {
	domain.Redacted

	keys []sealingKey
}

type sealingKey struct {
	id string
	// aead is a function because fmt would print the key schedule of a struct.
	aead func() cipher.AEAD
}

// Errors of a [Ring].
var (
	// ErrNoKey is returned by [Ring.Seal] of an empty ring.
	ErrNoKey = errors.New("there is no sealing key")
	// ErrDamaged is returned by [Ring.Open] if the box was not sealed under the ring's
	// key of that ID for that owner, or was changed since.
	ErrDamaged = errors.New("cannot be opened: it was damaged, or sealed for another webhook or under another key with the same id")
)

// LostKeyError is returned by [Ring.Open] if the ring does not have the key.
type LostKeyError struct {
	KeyID string
}

// Error names the missing key.
func (e *LostKeyError) Error() string { return fmt.Sprintf("sealing key %q is missing", e.KeyID) }

// keyInfo separates what is derived from a sealing key from any other use of the same
// bytes, such as a pepper.
const keyInfo = "apikeys sealing AES-256-GCM 1"

// boxDomain begins the associated data of every box.
const boxDomain = "apikeys webhook secret 1"

// ParseRing parses a comma-separated list of sealing keys of the form id:base64, the
// current one first. They are written like peppers: a unique ID of 1 to 32 characters
// (A-Z a-z 0-9 _ -), and at least 32 bytes in standard base64 with padding. The AES-256
// key is derived with HKDF-SHA256 (RFC 5869).
//
// The error joins all errors found and contains no part of a key.
func ParseRing(text string) (Ring, error) {
	entries, err := keyring.Parse("sealing key", text)
	if err != nil {
		return Ring{}, err
	}
	ring := Ring{keys: make([]sealingKey, len(entries))}
	for i, e := range entries {
		aead, err := newAEAD(e.Key())
		if err != nil {
			return Ring{}, fmt.Errorf("sealing key %d: %w", i+1, err)
		}
		ring.keys[i] = sealingKey{id: e.ID, aead: func() cipher.AEAD { return aead }}
	}
	return ring, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, keyInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Empty reports whether the ring has no key.
func (r Ring) Empty() bool { return len(r.keys) == 0 }

// KeyIDs returns the IDs of the keys, the current one first.
func (r Ring) KeyIDs() []string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.id
	}
	return ids
}

// Seal encrypts plain for owner under the current key, and returns the key's ID and the
// box, which is 28 bytes longer than plain. It returns [ErrNoKey] if the ring is empty.
func (r Ring) Seal(owner string, plain []byte) (keyID string, box []byte, err error) {
	if r.Empty() {
		return "", nil, ErrNoKey
	}
	current := r.keys[0]
	box = current.aead().Seal(nil, nil, plain, associated(current.id, owner)) //nolint:gosec // NewGCMWithRandomNonce makes the nonce itself
	return current.id, box, nil
}

// Open returns what [Ring.Seal] has sealed for owner. It returns a [*LostKeyError] if
// the ring does not have the key, and [ErrDamaged] if the box is not genuine.
func (r Ring) Open(owner, keyID string, box []byte) ([]byte, error) {
	for _, k := range r.keys {
		if k.id != keyID {
			continue
		}
		plain, err := k.aead().Open(nil, nil, box, associated(keyID, owner))
		if err != nil {
			return nil, ErrDamaged
		}
		return plain, nil
	}
	return nil, &LostKeyError{KeyID: keyID}
}

// associated returns data that binds a box to its key and its owner. No ID contains a
// zero byte.
func associated(keyID, owner string) []byte {
	return []byte(boxDomain + "\x00" + keyID + "\x00" + owner)
}
