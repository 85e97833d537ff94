package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// lockIdempotencyKey locks an idempotency key until the transaction ends, and
	// returns false if another transaction holds the lock. A lock is a 64-bit hash. If
	// two idempotency keys in flight collide, one of the requests is wrongly rejected
	// as in flight, and its client retries. The seed distinguishes the hash from those
	// of other applications.
	lockIdempotencyKey = `SELECT pg_try_advisory_xact_lock(hashtextextended(?, ` + lockSeed + `))`
	lockSeed           = `7020584498297316462`

	// claimIdempotencyKeys locks idempotency keys of one workspace, stores those that
	// it could lock and that are not in use, and returns them. What the last holder of
	// a lock committed counts even if the statement began before: a conflict is judged
	// on the newest version of the row.
	claimIdempotencyKeys = `WITH locked AS MATERIALIZED (
SELECT k.*, pg_try_advisory_xact_lock(hashtextextended(k.lock, ` + lockSeed + `)) AS granted
FROM unnest(?::text[], ?::text[], ?::bytea[], ?::timestamptz[], ?::timestamptz[], ?::text[])
AS k (lock, key, fingerprint, at, until, outcome)
)
INSERT INTO idempotency_keys AS taken (workspace_id, key, fingerprint, at, until, outcome)
SELECT ?, key, fingerprint, at, until, outcome::jsonb FROM locked WHERE granted
` + sqlkit.ReplaceExpiredIdempotencyKey + `
RETURNING key`

	// forgetIdempotencyKeys skips rows that a request is replacing at the same time.
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
	found, err := tx.lockIdempotency(ctx, workspace, idempotency)
	if err != nil || idempotency == nil {
		return err
	}
	return codec.Judge(workspace, found, *idempotency)
}

// lockIdempotency locks an idempotency key, which may be nil, and returns the earlier
// request with it.
func (tx transaction) lockIdempotency(ctx context.Context, workspace domain.WorkspaceID, idempotency *ports.Idempotency) (found []idempotencyRow, err error) {
	if idempotency == nil {
		return nil, nil
	}
	var locked []bool
	if err := tx.read(ctx, &locked, lockIdempotencyKey, tx.schema.lockText(string(workspace), idempotency.Key)); err != nil {
		return nil, err
	}
	if len(locked) != 1 {
		return nil, errUnexpected
	}
	if !locked[0] {
		return nil, domain.ErrIdempotencyKeyInUse
	}
	err = tx.read(ctx, &found, sqlkit.FindIdempotencyKey, codec.FindIdempotencyKeyArgs(workspace, *idempotency)...)
	return found, err
}

// claimAll stores the idempotency keys of a batch with the outcomes that its creations
// will have, and separates the creations from those whose idempotency key is in use or
// in flight.
func (tx transaction) claimAll(ctx context.Context, batch []*creation) (claimed, others []*creation, err error) {
	var lock, name, outcome pq.StringArray
	var fingerprint pq.ByteaArray
	var at, until []time.Time
	workspace := string(batch[0].made.Workspace)
	for _, c := range batch {
		encoded, err := sqlkit.EncodeOutcome(c.made)
		if err != nil {
			return nil, nil, err
		}
		i := c.options.Idempotency
		lock, name = append(lock, tx.schema.lockText(workspace, i.Key)), append(name, i.Key)
		fingerprint, outcome = append(fingerprint, i.Fingerprint[:]), append(outcome, encoded)
		at, until = append(at, i.At.UTC()), append(until, i.Until.UTC())
	}
	var stored []string
	if err := tx.read(ctx, &stored, claimIdempotencyKeys, lock, name, fingerprint, pq.Array(at), pq.Array(until), outcome, workspace); err != nil {
		return nil, nil, err
	}
	for _, c := range batch {
		if slices.Contains(stored, c.options.Idempotency.Key) {
			claimed = append(claimed, c)
		} else {
			others = append(others, c)
		}
	}
	return claimed, others, nil
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
