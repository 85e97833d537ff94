package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// insertKey writes a key, its secrets and its event, and counts the key: one
// statement, which is one transaction and one round trip. The key is selected
// from the count, whose row is locked before the limit is compared, so that a
// full workspace gets no rows at all. The rest is selected from the key, so that
// an existing ID fails first. Unlike an update, it does not NOTIFY: only one
// notifying transaction can commit at a time, and a cache holds nothing about a
// new key except, for a second, that it does not exist.
const insertKey = `WITH counted AS (
` + sqlkit.CountKey + `
RETURNING c.workspace_id
), key AS (
INSERT INTO api_keys
(id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at, last_used_at, deleted_at, rate_limits, quota)
SELECT ?, counted.workspace_id, ?, ?, ?::smallint, ?::jsonb, ?::jsonb, ?::boolean, ?, ?::timestamptz, ?::timestamptz, ?::timestamptz, ?::timestamptz, ?::jsonb, ?::jsonb
FROM counted
RETURNING id, workspace_id
), secrets AS (
INSERT INTO api_key_secrets
(api_key_id, position, algorithm, pepper_id, digest, valid_until)
SELECT key.id, s.ordinality - 1, s.algorithm, s.pepper_id, s.digest, s.valid_until
FROM key, unnest(?::text[], ?::text[], ?::bytea[], ?::timestamptz[])
WITH ORDINALITY AS s (algorithm, pepper_id, digest, valid_until, ordinality)
), ` + deliveries + `
INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, ip, request_id, changes)
SELECT key.id, ?::timestamptz, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb
FROM key`

const findEvent = `SELECT event_id FROM api_key_events WHERE api_key_id = ? AND at = ? AND event_id = ?`

// Create implements ports.KeyWriter.
func (r *KeyRepository) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	rows, err := codec.Rows(key, event)
	if err != nil {
		return err
	}
	defer r.floors.wrote()
	c := &creation{ctx: ctx, rows: rows, made: key.Snapshot(), options: options, answer: make(chan error, 1)}
	if rows.Key.DeletedAt != nil {
		return r.createOne(c)
	}
	return r.createTogether(c)
}

// create inserts rows. If the connection is lost, database/sql runs the statement again
// on another one, although the first run may have been committed. In that case the
// second run is rejected, because the ID exists or because the key has taken the last
// place in its workspace. So a rejection counts only if the event, whose ID is unique
// to this creation, is not stored.
func (r *KeyRepository) create(ctx context.Context, rows newRows, maxKeys int) error {
	insert, err := r.insert.Prepared(ctx)
	if err != nil {
		return err
	}
	rejection := inserted(insert.ExecContext(ctx, arguments(rows, maxKeys, r.clock())...))
	if !errors.Is(rejection, domain.ErrKeyExists) && !errors.Is(rejection, domain.ErrTooManyKeys) {
		return rejection
	}
	var stored []string
	if err := r.findEvent.Select(ctx, &stored, rows.Event.KeyID, rows.Event.At, rows.Event.ID); err != nil {
		return err
	}
	if len(stored) == 1 {
		return nil
	}
	return rejection
}

// inserted returns nil if insertKey or insertKeys, given its result, has stored
// everything.
func inserted(result sql.Result, err error) error {
	if keyExists(err) {
		return domain.ErrKeyExists
	}
	if err != nil {
		return err
	}
	written, err := result.RowsAffected()
	if err == nil && written == 0 {
		return domain.ErrTooManyKeys
	}
	return err
}

// createIdempotently creates a key in the transaction that also stores its
// idempotency key. It never retries: if the connection is lost at the commit, the
// outcome is unknown, and the client's retry with the same idempotency key finds
// it.
func (r *KeyRepository) createIdempotently(ctx context.Context, c *creation) error {
	return r.transact(ctx, func(tx transaction) error {
		if err := tx.claim(ctx, c.made.Workspace, c.options.Idempotency); err != nil {
			return err
		}
		insert := tx.StmtxContext(ctx, tx.prepared[insertKey])
		if err := inserted(insert.ExecContext(ctx, arguments(c.rows, c.options.MaxKeys, r.clock())...)); err != nil {
			return err
		}
		return tx.remember(ctx, c.options.Idempotency, c.made)
	})
}

// arguments returns the arguments of insertKey.
func arguments(rows newRows, maxKeys int, clock *time.Time) []any {
	k, e, h := rows.Key, rows.Event, rows.Hook
	args := append(sqlkit.CountArgs(k, maxKeys),
		k.ID, k.Name, k.NameFolded, k.Mode, k.Scopes, k.IPWhitelist, k.Disabled,
		k.CreatedBy, k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.DeletedAt, k.RateLimits, k.Quota)
	args = append(args, secretArrays(rows.Secrets)...)
	return append(args,
		h.Digits, h.Type, h.Body, h.At, clock,
		e.At, e.ID, e.WorkspaceID, e.Type, e.AccountID, e.Portal,
		e.ClientHash, e.IP, e.RequestID, e.Changes)
}
