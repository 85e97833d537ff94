package application

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/ports"
)

// idempotencyTTL is how long an idempotency key is stored.
const idempotencyTTL = 24 * time.Hour

// maxIdempotencyKey is the maximum length of an idempotency key in bytes.
const maxIdempotencyKey = 255

// errIdempotencyKey is returned for a malformed idempotency key.
var errIdempotencyKey = errors.New("idempotency key must be 1 to 255 visible ASCII characters")

// ChangeOption is an option of the management use cases that change a key.
type ChangeOption func(*changeRequest)

type changeRequest struct {
	idempotencyKey string
	fingerprint    *[32]byte
}

// WithIdempotencyKey ensures that a change is made at most once in 24 hours in a
// workspace. A repeated call with the same arguments by the same account changes
// nothing and returns a [*ports.Replayed]; a call with other arguments returns
// [domain.ErrIdempotencyKeyReused], and a call while the first is in flight returns
// [domain.ErrIdempotencyKeyInUse]. A failed call leaves the key unused. The key is 1 to
// 255 visible ASCII characters; an empty one has no effect.
func WithIdempotencyKey(key string) ChangeOption {
	return func(r *changeRequest) { r.idempotencyKey = key }
}

// WithFingerprint compares repeated requests by sum instead of by account, use
// case and arguments.
func WithFingerprint(sum [32]byte) ChangeOption {
	return func(r *changeRequest) { r.fingerprint = &sum }
}

// idempotency returns the idempotency key of a change with its fingerprint, or
// nil if it has none. arguments distinguish the change from others of its use
// case.
func (w *Workspace) idempotency(options []ChangeOption, useCase string, arguments ...any) (*ports.Idempotency, error) {
	var r changeRequest
	for _, option := range options {
		option(&r)
	}
	if r.idempotencyKey == "" {
		return nil, nil
	}
	if !isIdempotencyKey(r.idempotencyKey) {
		return nil, errIdempotencyKey
	}
	if r.fingerprint == nil {
		encoded, err := json.Marshal([]any{w.author.AccountID, useCase, arguments})
		if err != nil {
			return nil, fmt.Errorf("fingerprint of %s: %w", useCase, err)
		}
		sum := sha256.Sum256(encoded)
		r.fingerprint = &sum
	}
	now := w.deps.Now()
	return &ports.Idempotency{Key: r.idempotencyKey, Fingerprint: *r.fingerprint, At: now, Until: now.Add(idempotencyTTL)}, nil
}

func isIdempotencyKey(key string) bool {
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(key) <= maxIdempotencyKey
}
