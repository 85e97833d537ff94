package sqlite

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const forgetIdempotencyKeys = `DELETE FROM idempotency_keys WHERE (workspace_id, key) IN (
SELECT workspace_id, key FROM idempotency_keys WHERE until <= ? ORDER BY until LIMIT ?
)`

// idempotently makes change, unless a request with the same idempotency key has
// made it, and stores the outcome. Changes are serialized, so no other request
// with the key can be in flight. If it fails, the caller must roll back.
func (tx transaction) idempotently(workspace domain.WorkspaceID, idempotency *ports.Idempotency, change func() (domain.Snapshot, error)) error {
	if idempotency == nil {
		_, err := change()
		return err
	}
	var found []idempotencyRow
	if err := tx.read(&found, sqlkit.FindIdempotencyKey, codec.FindIdempotencyKeyArgs(workspace, *idempotency)...); err != nil {
		return err
	}
	if err := codec.Judge(workspace, found, *idempotency); err != nil {
		return err
	}
	outcome, err := change()
	if err != nil {
		return err
	}
	args, err := codec.InsertIdempotencyKeyArgs(*idempotency, outcome)
	if err != nil {
		return err
	}
	return tx.exec(sqlkit.InsertIdempotencyKey, args...)
}

// Forget implements ports.IdempotencyStore.
func (r *KeyRepository) Forget(ctx context.Context, since time.Time, limit int) (int, error) {
	var forgotten int64
	err := r.committer.do(ctx, func(_ context.Context, tx transaction) (err error) {
		forgotten, err = tx.change(forgetIdempotencyKeys, codec.Encode(since), max(limit, 0))
		return err
	})
	if err != nil {
		return 0, translate(ctx, err) // forgotten may still be written to
	}
	return int(forgotten), nil
}
