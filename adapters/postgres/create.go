package postgres

import (
	"context"
	"database/sql/driver"

	"github.com/slaunchx/apikeys/domain"
)

// insertKey writes a key, its secrets and its event in one statement, which is
// one transaction and one round trip. All comes from the key, so that an
// identifier that exists fails there before anything else can. Unlike an update
// it notifies nobody: NOTIFY lets one transaction commit at a time, and there
// is nothing of a new key in any cache but that it was not there, for a second.
const insertKey = `WITH key AS (
INSERT INTO api_keys
(id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at, last_used_at, deleted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING id
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
func (r *KeyRepository) Create(ctx context.Context, key *domain.APIKey, event domain.Event) error {
	rows, err := codec.Rows(key, event)
	if err != nil {
		return err
	}
	_, err = untilDone(ctx, func() (struct{}, error) {
		return struct{}{}, translate(ctx, retrying(ctx, func(ctx context.Context) error { return r.create(ctx, rows) }))
	})
	return err
}

// create writes rows. database/sql sends a statement again when its connection
// was lost, though the first sending may have been carried out: then the
// identifier exists, and the event, whose identifier is of this creation
// alone, tells whether it is ours.
func (r *KeyRepository) create(ctx context.Context, rows newRows) error {
	insert, err := r.insert.Prepared(ctx)
	if err != nil {
		return err
	}
	id := &countedText{text: rows.Key.ID}
	_, err = insert.ExecContext(ctx, arguments(id, rows)...)
	if !keyExists(err) {
		return err
	}
	if id.sent > 1 {
		var mine []string
		if err := r.made.Select(ctx, &mine, rows.Event.KeyID, rows.Event.At, rows.Event.ID); err != nil {
			return err
		}
		if len(mine) == 1 {
			return nil
		}
	}
	return domain.ErrKeyExists
}

func arguments(id driver.Valuer, rows newRows) []any {
	k, e := rows.Key, rows.Event
	args := []any{
		id, k.WorkspaceID, k.Name, k.Mode, k.Scopes, k.IPWhitelist, k.Disabled,
		k.CreatedBy, k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.DeletedAt,
	}
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
