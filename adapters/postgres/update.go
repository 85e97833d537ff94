package postgres

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// lockKey locks the key. It waits for an update that holds the lock. The key is
	// then read by a second statement, whose snapshot includes that update.
	lockKey = `SELECT id FROM api_keys WHERE id = ? AND ` + sqlkit.OfWorkspace + ` AND ` + sqlkit.Living + ` FOR UPDATE`

	// readLocked also locks the secrets, because a re-hash changes them without
	// locking the key.
	readLocked = sqlkit.GetKey + ` FOR UPDATE OF s`

	// replaceSecrets replaces the secrets of a key. It deletes the old ones in the
	// same statement: a DELETE whose only argument is the key ID could destroy
	// them if a pooler ran it in place of a look-up (ADR 0031).
	replaceSecrets = `WITH secrets AS (
SELECT ?::text AS api_key_id, s.ordinality - 1 AS position, s.algorithm, s.pepper_id, s.digest, s.valid_until
FROM unnest(?::text[], ?::text[], ?::bytea[], ?::timestamptz[])
WITH ORDINALITY AS s (algorithm, pepper_id, digest, valid_until, ordinality)
), surplus AS (
DELETE FROM api_key_secrets s USING (SELECT api_key_id, max(position) AS last FROM secrets GROUP BY api_key_id) AS kept
WHERE s.api_key_id = kept.api_key_id AND s.position > kept.last
)
INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest, valid_until)
SELECT api_key_id, position, algorithm, pepper_id, digest, valid_until FROM secrets
ON CONFLICT (api_key_id, position) DO UPDATE
SET algorithm = excluded.algorithm, pepper_id = excluded.pepper_id, digest = excluded.digest, valid_until = excluded.valid_until`

	updateKey = `WITH key AS (
UPDATE api_keys
SET name = coalesce(?, name), name_folded = coalesce(?, name_folded),
scopes = coalesce(?::jsonb, scopes), ip_whitelist = coalesce(?::jsonb, ip_whitelist), disabled = coalesce(?::boolean, disabled),
rate_limits = coalesce(?::jsonb, rate_limits), quota = CASE WHEN ?::boolean THEN ?::jsonb ELSE quota END,
expires_at = CASE WHEN ?::boolean THEN ?::timestamptz ELSE expires_at END, deleted_at = ?
WHERE id = ?
RETURNING id, workspace_id, deleted_at
), discounted AS (
UPDATE api_key_counts c SET living = greatest(c.living - 1, 0)
FROM key WHERE c.workspace_id = key.workspace_id AND key.deleted_at IS NOT NULL
), event AS (
INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, ip, request_id, changes)
SELECT key.id, ?::timestamptz, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb
FROM key
), ` + deliveries + `
SELECT pg_notify(?, '')`
)

// Update implements ports.KeyWriter. It never retries after a lost connection,
// because it is then unknown whether the transaction was committed.
func (r *KeyRepository) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	defer r.floors.wrote()
	c := sqlkit.NewChange(r.damage.Watched(change))
	return c.Write(ctx, func() error {
		return r.written(ctx, func(ctx context.Context) error {
			return r.transact(ctx, func(tx transaction) error {
				return tx.update(ctx, workspace, id, c, options.Idempotency, r.clock())
			})
		})
	})
}

func (tx transaction) update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, c *sqlkit.Change, idempotency *ports.Idempotency, clock *time.Time) error {
	if err := tx.claim(ctx, workspace, idempotency); err != nil {
		return err
	}
	stored, err := tx.lock(ctx, workspace, id)
	if err != nil {
		return err
	}
	rows, err := codec.Update(ctx, stored, c)
	switch {
	case err != nil:
		return err
	case rows.Unchanged && idempotency == nil:
		return sqlkit.ErrNothingToWrite // a commit would wait for the disk
	case !rows.Unchanged:
		if err := tx.store(ctx, rows, clock); err != nil {
			return err
		}
	}
	return tx.remember(ctx, idempotency, rows.Outcome)
}

// lock locks the key, after any other update of it, and reads it.
func (tx transaction) lock(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (stored []keyRow, err error) {
	var locked []string
	if err := tx.read(ctx, &locked, lockKey, string(id), string(workspace)); err != nil || len(locked) == 0 {
		return nil, err
	}
	err = tx.read(ctx, &stored, readLocked, string(id), string(workspace))
	return stored, err
}

func (tx transaction) store(ctx context.Context, rows changedRows, clock *time.Time) error {
	if len(rows.Secrets) > 0 {
		if err := tx.exec(ctx, replaceSecrets, append([]any{rows.ID}, secretArrays(rows.Secrets)...)...); err != nil {
			return err
		}
	}
	e, h := rows.Event, rows.Hook
	return tx.exec(ctx, updateKey,
		rows.Name, rows.NameFolded, rows.Scopes, rows.IPWhitelist, rows.Disabled,
		rows.RateLimits, rows.SetsQuota, rows.Quota,
		rows.SetsExpiry, rows.ExpiresAt, rows.DeletedAt, rows.ID,
		e.At, e.ID, e.WorkspaceID, e.Type, e.AccountID, e.Portal, e.ClientHash, e.IP, e.RequestID, e.Changes,
		h.Digits, h.Type, h.Body, h.At, clock, tx.schema.channel())
}
