package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

const (
	updateKey = `UPDATE api_keys
SET name = ?, scopes = coalesce(?, scopes), ip_whitelist = coalesce(?, ip_whitelist), disabled = ?, expires_at = ?, deleted_at = ?
WHERE id = ?`

	deleteSecrets = `DELETE FROM api_key_secrets WHERE api_key_id = ?`
)

// Update implements ports.KeyWriter.
func (r *KeyRepository) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error)) error {
	c := sqlkit.NewChange(change)
	return c.Write(ctx, func() error {
		return translate(ctx, r.committer.do(ctx, func(ctx context.Context, tx transaction) error {
			return tx.update(ctx, workspace, id, c)
		}))
	})
}

func (tx transaction) update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, c *sqlkit.Change) error {
	var stored []keyRow
	if err := tx.read(&stored, sqlkit.GetKey, string(id), string(workspace)); err != nil {
		return err
	}
	rows, err := codec.Update(ctx, stored, c)
	if err != nil {
		return err
	}
	return tx.store(rows)
}

func (tx transaction) store(rows changedRows) error {
	if err := tx.exec(updateKey,
		rows.Name, rows.Scopes, rows.IPWhitelist, rows.Disabled, rows.ExpiresAt, rows.DeletedAt, rows.ID); err != nil {
		return err
	}
	if len(rows.Secrets) > 0 {
		if err := tx.exec(deleteSecrets, rows.ID); err != nil {
			return err
		}
		if err := tx.insertSecrets(rows.ID, rows.Secrets); err != nil {
			return err
		}
	}
	return tx.insertEvent(rows.Event)
}
