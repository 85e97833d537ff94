package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// lockOnce takes an idempotency key until the transaction ends, if nobody
	// else has it. Locks are known by 64 bits. Should two idempotency keys have
	// the same, one of two requests at the same moment is told, wrongly, that
	// its twin is under way, and sends it again. The seed keeps them apart from
	// the locks of others who hash in the same way.
	lockOnce = `SELECT pg_try_advisory_xact_lock(hashtextextended(?, 7020584498297316462))`

	// forgetOnces passes over those that a request is taking again.
	forgetOnces = `WITH free AS (
SELECT workspace_id, key FROM idempotency_keys WHERE until <= ? ORDER BY until LIMIT ?
FOR UPDATE SKIP LOCKED
)
DELETE FROM idempotency_keys o USING free WHERE o.workspace_id = free.workspace_id AND o.key = free.key`
)

// claim returns nil when the change may be made: no other request has made one
// under the idempotency key or is about to. What it looks for it looks for
// in a statement of its own, whose snapshot has what the last holder of the
// lock left.
func (tx transaction) claim(ctx context.Context, workspace domain.WorkspaceID, once *ports.Once) error {
	if once == nil {
		return nil
	}
	var locked []bool
	if err := tx.read(ctx, &locked, lockOnce, string(workspace)+" "+once.Key); err != nil {
		return err
	}
	if len(locked) != 1 {
		return errUnexpected
	}
	if !locked[0] {
		return domain.ErrOnceRunning
	}
	var found []onceRow
	if err := tx.read(ctx, &found, sqlkit.FindOnce, codec.FindOnceArgs(workspace, *once)...); err != nil {
		return err
	}
	return codec.Judge(workspace, found, *once)
}

// remember keeps what a change under the idempotency key left.
func (tx transaction) remember(ctx context.Context, once *ports.Once, outcome domain.Snapshot) error {
	if once == nil {
		return nil
	}
	args, err := codec.InsertOnceArgs(*once, outcome)
	if err != nil {
		return err
	}
	return tx.exec(ctx, sqlkit.InsertOnce, args...)
}

// Replayed implements ports.OnceKeeper.
func (r *KeyRepository) Replayed(ctx context.Context, workspace domain.WorkspaceID, once ports.Once) (*ports.Replayed, error) {
	found, err := read[onceRow](ctx, r.onces, codec.FindOnceArgs(workspace, once)...)
	if err != nil {
		return nil, err
	}
	err = codec.Judge(workspace, found, once)
	if replayed, ok := errors.AsType[*ports.Replayed](err); ok {
		return replayed, nil
	}
	return nil, err
}

// Forget implements ports.OnceKeeper.
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
