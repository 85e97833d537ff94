package sqlkit

import (
	"bytes"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Idempotency keys in both stores, with ? for arguments.
const (
	// FindOnce finds an idempotency key that is taken. Its last argument is
	// the instant of the request.
	FindOnce = `SELECT fingerprint, at, outcome FROM idempotency_keys WHERE workspace_id = ? AND key = ? AND until > ?`

	// InsertOnce takes an idempotency key that is free, and else does nothing.
	InsertOnce = `INSERT INTO idempotency_keys AS taken (workspace_id, key, fingerprint, at, until, outcome)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (workspace_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, at = excluded.at, until = excluded.until, outcome = excluded.outcome
WHERE taken.until <= excluded.at`
)

// OnceRow is a row of [FindOnce].
type OnceRow[T any] struct {
	Fingerprint []byte   `db:"fingerprint"`
	At          Field[T] `db:"at"`
	Outcome     string   `db:"outcome"`
}

// FindOnceArgs returns the arguments of [FindOnce].
func (c Codec[T]) FindOnceArgs(workspace domain.WorkspaceID, once ports.Once) []any {
	return []any{string(workspace), once.Key, c.Encode(once.At.UTC())}
}

// InsertOnceArgs returns the arguments of [InsertOnce].
func (c Codec[T]) InsertOnceArgs(once ports.Once, outcome domain.Snapshot) ([]any, error) {
	encoded, err := encodeOutcome(outcome)
	if err != nil {
		return nil, ownError{err}
	}
	return []any{
		string(outcome.Workspace), once.Key, once.Fingerprint[:],
		c.Encode(once.At.UTC()), c.Encode(once.Until.UTC()), encoded,
	}, nil
}

// Judge returns nil when [FindOnce] found nothing and a change under once may
// be made, and else the error of [ports.Once] that says why not.
func (c Codec[T]) Judge(workspace domain.WorkspaceID, found []OnceRow[T], once ports.Once) error {
	if len(found) == 0 {
		return nil
	}
	before := found[0]
	if !bytes.Equal(before.Fingerprint, once.Fingerprint[:]) {
		return domain.ErrOnceReused
	}
	outcome, err := decodeOutcome(workspace, before.Outcome)
	if err != nil {
		return ownError{err}
	}
	at, _ := c.optional(before.At)
	return &ports.Replayed{Outcome: outcome, At: at}
}
