package postgres

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// lockIdempotencyKey locks an idempotency key until the transaction ends,
	// and returns false if another transaction holds the lock. A lock is a hash
	// of 64 bits: if two idempotency keys in flight collide, one of the requests
	// is told, wrongly, that the same request is in flight, and the client
	// retries. The seed keeps the hash apart from those of other applications.
	lockIdempotencyKey = `SELECT pg_try_advisory_xact_lock(hashtextextended(?, 7020584498297316462))`

	// forgetIdempotencyKeys skips rows that a request is just replacing.
	forgetIdempotencyKeys = `WITH free AS (
SELECT workspace_id, key FROM idempotency_keys WHERE until <= ? ORDER BY until LIMIT ?
FOR UPDATE SKIP LOCKED
)
DELETE FROM idempotency_keys o USING free WHERE o.workspace_id = free.workspace_id AND o.key = free.key`
)

// claim locks the idempotency key and returns nil if no other request with it has
// made a change or is in flight. It looks for an earlier request in a second
// statement, whose snapshot includes what the last holder of the lock committed.
func (tx transaction) claim(ctx context.Context, workspace domain.WorkspaceID, idempotency *ports.Idempotency) error {
	if idempotency == nil {
		return nil
	}
	var locked []bool
	if err := tx.read(ctx, &locked, lockIdempotencyKey, tx.schema.lockText(string(workspace), idempotency.Key)); err != nil {
		return err
	}
	if len(locked) != 1 {
		return errUnexpected
	}
	if !locked[0] {
		return domain.ErrIdempotencyKeyInUse
	}
	var found []idempotencyRow
	if err := tx.read(ctx, &found, sqlkit.FindIdempotencyKey, codec.FindIdempotencyKeyArgs(workspace, *idempotency)...); err != nil {
		return err
	}
	return codec.Judge(workspace, found, *idempotency)
}

// remember stores the outcome of a change with its idempotency key.
func (tx transaction) remember(ctx context.Context, idempotency *ports.Idempotency, outcome domain.Snapshot) error {
	if idempotency == nil {
		return nil
	}
	args, err := codec.InsertIdempotencyKeyArgs(*idempotency, outcome)
	if err != nil {
		return err
	}
	return tx.exec(ctx, sqlkit.InsertIdempotencyKey, args...)
}

// Replayed implements ports.IdempotencyStore.
func (r *KeyRepository) Replayed(ctx context.Context, workspace domain.WorkspaceID, idempotency ports.Idempotency) (*ports.Replayed, error) {
	found, err := read[idempotencyRow](ctx, r.idempotencyKeys, codec.FindIdempotencyKeyArgs(workspace, idempotency)...)
	if err != nil {
		return nil, err
	}
	return codec.Replayed(workspace, found, idempotency)
}

// Forget implements ports.IdempotencyStore.
func (r *KeyRepository) Forget(ctx context.Context, since time.Time, limit int) (int, error) {
	return untilDone(ctx, func() (int, error) {
		forgotten, err := onSound(func() (int64, error) {
			forget, err := r.forget.Prepared(ctx)
			if err != nil {
				return 0, err
			}
			done, err := forget.ExecContext(ctx, codec.Encode(since.UTC()), max(limit, 0))
			if err != nil {
				return 0, err
			}
			return done.RowsAffected()
		})
		return int(forgotten), translate(ctx, err)
	})
}
