package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const forgetOnces = `DELETE FROM idempotency_keys WHERE (workspace_id, key) IN (
SELECT workspace_id, key FROM idempotency_keys WHERE until <= ? ORDER BY until LIMIT ?
)`

// once makes a change that no request has made under the idempotency key
// before, and remembers what it left. Changes are made one after the other, so
// none is ever found under way. What it writes before it fails is undone by
// who runs it.
func (tx transaction) once(workspace domain.WorkspaceID, once *ports.Once, change func() (domain.Snapshot, error)) error {
	if once == nil {
		_, err := change()
		return err
	}
	var found []onceRow
	if err := tx.read(&found, sqlkit.FindOnce, codec.FindOnceArgs(workspace, *once)...); err != nil {
		return err
	}
	if err := codec.Judge(workspace, found, *once); err != nil {
		return err
	}
	outcome, err := change()
	if err != nil {
		return err
	}
	args, err := codec.InsertOnceArgs(*once, outcome)
	if err != nil {
		return err
	}
	return tx.exec(sqlkit.InsertOnce, args...)
}

// Replayed implements ports.OnceKeeper.
func (r *KeyRepository) Replayed(ctx context.Context, workspace domain.WorkspaceID, once ports.Once) (*ports.Replayed, error) {
	found, err := read(ctx, r, func() (found []onceRow, err error) {
		err = r.onces.Select(ctx, &found, codec.FindOnceArgs(workspace, once)...)
		return found, err
	})
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
	var forgotten int64
	err := r.committer.do(ctx, func(_ context.Context, tx transaction) (err error) {
		forgotten, err = tx.change(forgetOnces, codec.Encode(since), max(limit, 0))
		return err
	})
	if err != nil {
		return 0, translate(ctx, err) // forgotten may still be written to
	}
	return int(forgotten), nil
}
