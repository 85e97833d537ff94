package sqlkit

import (
	"bytes"
	"errors"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Idempotency keys in both stores, with ? for arguments.
const (
	// FindIdempotencyKey finds an idempotency key that is in use. Its last
	// argument is the time of the request.
	FindIdempotencyKey = `SELECT fingerprint, at, outcome FROM idempotency_keys WHERE workspace_id = ? AND key = ? AND until > ?`

	// InsertIdempotencyKey stores an idempotency key, or does nothing if it is in
	// use.
	InsertIdempotencyKey = `INSERT INTO idempotency_keys AS taken (workspace_id, key, fingerprint, at, until, outcome)
VALUES (?, ?, ?, ?, ?, ?)
` + ReplaceExpiredIdempotencyKey

	// ReplaceExpiredIdempotencyKey is the end of a statement that inserts into
	// idempotency_keys AS taken.
	ReplaceExpiredIdempotencyKey = `ON CONFLICT (workspace_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, at = excluded.at, until = excluded.until, outcome = excluded.outcome
WHERE taken.until <= excluded.at`
)

// IdempotencyRow is a row of [FindIdempotencyKey].
type IdempotencyRow[T any] struct {
	Fingerprint []byte   `db:"fingerprint"`
	At          Field[T] `db:"at"`
	Outcome     string   `db:"outcome"`
}

// FindIdempotencyKeyArgs returns the arguments of [FindIdempotencyKey].
func (c Codec[T]) FindIdempotencyKeyArgs(workspace domain.WorkspaceID, idempotency ports.Idempotency) []any {
	return []any{string(workspace), idempotency.Key, c.Encode(idempotency.At.UTC())}
}

// InsertIdempotencyKeyArgs returns the arguments of [InsertIdempotencyKey].
func (c Codec[T]) InsertIdempotencyKeyArgs(idempotency ports.Idempotency, outcome domain.Snapshot) ([]any, error) {
	encoded, err := EncodeOutcome(outcome)
	if err != nil {
		return nil, err
	}
	return []any{
		string(outcome.Workspace), idempotency.Key, idempotency.Fingerprint[:],
		c.Encode(idempotency.At.UTC()), c.Encode(idempotency.Until.UTC()), encoded,
	}, nil
}

// Judge returns nil if found, the rows of [FindIdempotencyKey], is empty, and
// otherwise the error that [ports.Idempotency] describes.
func (c Codec[T]) Judge(workspace domain.WorkspaceID, found []IdempotencyRow[T], idempotency ports.Idempotency) error {
	if len(found) == 0 {
		return nil
	}
	before := found[0]
	if !bytes.Equal(before.Fingerprint, idempotency.Fingerprint[:]) {
		return domain.ErrIdempotencyKeyReused
	}
	outcome, err := decodeOutcome(workspace, before.Outcome)
	if err != nil {
		return ownError{err}
	}
	at, _ := c.optional(before.At)
	return &ports.Replayed{Outcome: outcome, At: at}
}

// Replayed returns the result of [ports.IdempotencyStore].Replayed, given the rows
// of [FindIdempotencyKey].
func (c Codec[T]) Replayed(workspace domain.WorkspaceID, found []IdempotencyRow[T], idempotency ports.Idempotency) (*ports.Replayed, error) {
	err := c.Judge(workspace, found, idempotency)
	if replayed, ok := errors.AsType[*ports.Replayed](err); ok {
		return replayed, nil
	}
	return nil, err
}
