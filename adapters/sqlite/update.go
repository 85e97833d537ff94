package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	updateKey = `UPDATE api_keys
SET name = ?, name_folded = ?, scopes = coalesce(?, scopes), ip_whitelist = coalesce(?, ip_whitelist), disabled = ?, expires_at = ?, deleted_at = ?
WHERE id = ?`

	// discountKey fails for nothing: no count keeps a key from being deleted.
	discountKey = `UPDATE api_key_counts SET living = max(living - 1, 0) WHERE workspace_id = ?`

	deleteSecrets = `DELETE FROM api_key_secrets WHERE api_key_id = ?`
)

// Update implements ports.KeyWriter.
func (r *KeyRepository) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	c := sqlkit.NewChange(change)
	return c.Write(ctx, func() error {
		return translate(ctx, r.committer.do(ctx, func(ctx context.Context, tx transaction) error {
			return tx.once(workspace, options.Once, func() (domain.Snapshot, error) {
				return tx.update(ctx, workspace, id, c)
			})
		}))
	})
}

// update returns the key as it is then.
func (tx transaction) update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, c *sqlkit.Change) (domain.Snapshot, error) {
	var stored []keyRow
	if err := tx.read(&stored, sqlkit.GetKey, string(id), string(workspace)); err != nil {
		return domain.Snapshot{}, err
	}
	rows, err := codec.Update(ctx, stored, c)
	if err != nil || rows.Unchanged {
		return rows.Outcome, err
	}
	return rows.Outcome, tx.store(rows)
}

func (tx transaction) store(rows changedRows) error {
	if err := tx.exec(updateKey,
		rows.Name, rows.NameFolded, rows.Scopes, rows.IPWhitelist, rows.Disabled, rows.ExpiresAt, rows.DeletedAt, rows.ID); err != nil {
		return err
	}
	if rows.Deletes() {
		if err := tx.exec(discountKey, string(rows.Outcome.Workspace)); err != nil {
			return err
		}
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
