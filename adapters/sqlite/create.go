package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// The inserts of new keys and of changes.
const (
	insertKey = `INSERT INTO api_keys
(id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at, last_used_at, deleted_at, rate_limits, quota)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertSecret = `INSERT INTO api_key_secrets
(api_key_id, position, algorithm, pepper_id, digest, valid_until)
VALUES (?, ?, ?, ?, ?, ?)`

	insertEvent = `INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, ip, request_id, changes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// Create implements ports.KeyWriter.
func (r *KeyRepository) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	rows, err := codec.Rows(key, event)
	if err != nil {
		return err
	}
	made := key.Snapshot()
	return translate(ctx, r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		return tx.idempotently(made.Workspace, options.Idempotency, func() (domain.Snapshot, error) {
			return made, tx.create(rows, options.MaxKeys)
		})
	}))
}

func (tx transaction) create(rows newRows, maxKeys int) error {
	counted, err := tx.change(sqlkit.CountKey, sqlkit.CountArgs(rows.Key, maxKeys)...)
	switch {
	case err != nil:
		return err
	case counted == 0:
		return domain.ErrTooManyKeys
	}
	k := rows.Key
	if err := tx.exec(insertKey,
		k.ID, k.WorkspaceID, k.Name, k.NameFolded, k.Mode, k.Scopes, k.IPWhitelist, k.Disabled,
		k.CreatedBy, k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.DeletedAt, k.RateLimits, k.Quota); err != nil {
		return existing(err)
	}
	if err := tx.insertSecrets(k.ID, rows.Secrets); err != nil {
		return err
	}
	if err := tx.insertEvent(rows.Event); err != nil {
		return err
	}
	_, err = tx.deliver(k.WorkspaceID, k.ID, rows.Hook)
	return err
}

func (tx transaction) insertSecrets(id string, secrets []sqlkit.SecretColumns[int64]) error {
	for position, s := range secrets {
		if err := tx.exec(insertSecret, id, position, s.Algorithm, s.PepperID, s.Digest, s.ValidUntil); err != nil {
			return err
		}
	}
	return nil
}

func (tx transaction) insertEvent(e eventRow) error {
	return tx.exec(insertEvent,
		e.KeyID, e.At, e.ID, e.WorkspaceID, e.Type, e.AccountID, e.Portal,
		e.ClientHash, e.IP, e.RequestID, e.Changes)
}
