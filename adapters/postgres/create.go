package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// insertKey writes a key, its secrets and its event and counts it, in one
// statement, which is one transaction and one round trip. All comes from the
// count, which is locked before the cap is looked at, so that a workspace with
// as many keys as it may have gets nothing at all; and then from the key, so
// that an identifier that exists fails there before anything else can. Unlike
// an update it notifies nobody: NOTIFY lets one transaction commit at a time,
// and there is nothing of a new key in any cache but that it was not there, for
// a second.
const insertKey = `WITH counted AS (
` + sqlkit.CountKey + `
RETURNING c.workspace_id
), key AS (
INSERT INTO api_keys
(id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at, last_used_at, deleted_at)
SELECT ?, counted.workspace_id, ?, ?, ?::smallint, ?::jsonb, ?::jsonb, ?::boolean, ?, ?::timestamptz, ?::timestamptz, ?::timestamptz, ?::timestamptz
FROM counted
RETURNING id, workspace_id
), secrets AS (
INSERT INTO api_key_secrets
(api_key_id, position, algorithm, pepper_id, digest, valid_until)
SELECT key.id, s.ordinality - 1, s.algorithm, s.pepper_id, s.digest, s.valid_until
FROM key, unnest(?::text[], ?::text[], ?::bytea[], ?::timestamptz[])
WITH ORDINALITY AS s (algorithm, pepper_id, digest, valid_until, ordinality)
)
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
	create := func(ctx context.Context) error { return r.create(ctx, rows, options.MaxKeys) }
	if options.Idempotency != nil {
		made := key.Snapshot()
		create = func(ctx context.Context) error { return r.createIdempotently(ctx, made, rows, options) }
	}
	defer r.floors.wrote()
	_, err = untilDone(ctx, func() (struct{}, error) {
		return struct{}{}, r.written(ctx, create)
	})
	return err
}

// create writes rows. database/sql sends a statement again when its connection
// was lost, though the first sending may have been carried out: then the
// identifier exists, or the key took the last place in its workspace, and the
// event, whose identifier is of this creation alone, tells whether it is ours.
func (r *KeyRepository) create(ctx context.Context, rows newRows, maxKeys int) error {
	insert, err := r.insert.Prepared(ctx)
	if err != nil {
		return err
	}
	id := &countedText{text: rows.Key.ID}
	refusal := refused(insert.ExecContext(ctx, arguments(id, rows, maxKeys)...))
	if id.sent < 2 || !sqlkit.Settled(refusal) || refusal == nil {
		return refusal
	}
	var mine []string
	if err := r.made.Select(ctx, &mine, rows.Event.KeyID, rows.Event.At, rows.Event.ID); err != nil {
		return err
	}
	if len(mine) == 1 {
		return nil
	}
	return refusal
}

// refused reads what the server says of insertKey.
func refused(done sql.Result, err error) error {
	if keyExists(err) {
		return domain.ErrKeyExists
	}
	if err != nil {
		return err
	}
	written, err := done.RowsAffected()
	if err == nil && written == 0 {
		return domain.ErrTooManyKeys
	}
	return err
}

// createIdempotently creates a key in the transaction that also stores its
// idempotency key. It never retries: if the connection is lost at the commit, the
// outcome is unknown, and the client's retry with the same idempotency key finds
// it.
func (r *KeyRepository) createIdempotently(ctx context.Context, made domain.Snapshot, rows newRows, options ports.CreateOptions) error {
	return r.transact(ctx, func(tx transaction) error {
		if err := tx.claim(ctx, made.Workspace, options.Idempotency); err != nil {
			return err
		}
		insert := tx.StmtxContext(ctx, tx.prepared[insertKey])
		if err := refused(insert.ExecContext(ctx, arguments(rows.Key.ID, rows, options.MaxKeys)...)); err != nil {
			return err
		}
		return tx.remember(ctx, options.Idempotency, made)
	})
}

// arguments returns those of insertKey. id is the identifier of the key.
func arguments(id any, rows newRows, maxKeys int) []any {
	k, e := rows.Key, rows.Event
	args := append(sqlkit.CountArgs(k, maxKeys),
		id, k.Name, k.NameFolded, k.Mode, k.Scopes, k.IPWhitelist, k.Disabled,
		k.CreatedBy, k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.DeletedAt)
	args = append(args, secretArrays(rows.Secrets)...)
	return append(args,
		e.At, e.ID, e.WorkspaceID, e.Type, e.AccountID, e.Portal,
		e.ClientHash, e.IP, e.RequestID, e.Changes)
}

// countedText is an argument that knows how often its statement was sent:
// database/sql asks for its value at every sending.
type countedText struct {
	text string
	sent int
}

// Value implements driver.Valuer.
func (c *countedText) Value() (driver.Value, error) {
	c.sent++
	return c.text, nil
}
