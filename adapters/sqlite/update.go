package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// A change of a key is one statement for each part that changed. SQLite checks
// the constraints of the columns that a statement names, and a constraint that
// a damaged value violates must not prevent the change of another part.
const (
	setName        = `UPDATE api_keys SET name = ?, name_folded = ? WHERE id = ?`
	setScopes      = `UPDATE api_keys SET scopes = ? WHERE id = ?`
	setIPWhitelist = `UPDATE api_keys SET ip_whitelist = ? WHERE id = ?`
	setRateLimits  = `UPDATE api_keys SET rate_limits = ? WHERE id = ?`
	setQuota       = `UPDATE api_keys SET quota = ? WHERE id = ?`
	setDisabled    = `UPDATE api_keys SET disabled = ? WHERE id = ?`
	setExpiresAt   = `UPDATE api_keys SET expires_at = ? WHERE id = ?`

	// setDeletedAt names name_folded for the triggers, which would count the key
	// once more if an older build had deleted it.
	setDeletedAt = `UPDATE api_keys SET name_folded = name_folded, deleted_at = ? WHERE id = ?`

	// discountKey never fails, so that a wrong count cannot prevent the deletion of a
	// key.
	discountKey = `UPDATE api_key_counts SET living = max(living - 1, 0) WHERE workspace_id = ?`

	deleteSecrets = `DELETE FROM api_key_secrets WHERE api_key_id = ?`
)

// Update implements ports.KeyWriter.
func (r *KeyRepository) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	c := sqlkit.NewChange(r.damage.Watched(change))
	return c.Write(ctx, func() error {
		return translate(ctx, r.committer.do(ctx, func(ctx context.Context, tx transaction) error {
			return tx.idempotently(workspace, options.Idempotency, func() (domain.Snapshot, error) {
				return tx.update(ctx, workspace, id, c)
			})
		}))
	})
}

// update returns the changed key.
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
	for _, part := range []struct {
		changed bool
		query   string
		args    []any
	}{
		{rows.Name != nil, setName, []any{rows.Name, rows.NameFolded, rows.ID}},
		{rows.Scopes != nil, setScopes, []any{rows.Scopes, rows.ID}},
		{rows.IPWhitelist != nil, setIPWhitelist, []any{rows.IPWhitelist, rows.ID}},
		{rows.RateLimits != nil, setRateLimits, []any{rows.RateLimits, rows.ID}},
		{rows.SetsQuota, setQuota, []any{rows.Quota, rows.ID}},
		{rows.Disabled != nil, setDisabled, []any{rows.Disabled, rows.ID}},
		{rows.SetsExpiry, setExpiresAt, []any{rows.ExpiresAt, rows.ID}},
		{rows.Deletes(), setDeletedAt, []any{rows.DeletedAt, rows.ID}},
		{rows.Deletes(), discountKey, []any{string(rows.Outcome.Workspace)}},
		{len(rows.Secrets) > 0, deleteSecrets, []any{rows.ID}},
	} {
		if part.changed {
			if err := tx.exec(part.query, part.args...); err != nil {
				return err
			}
		}
	}
	if err := tx.insertSecrets(rows.ID, rows.Secrets); err != nil {
		return err
	}
	if err := tx.insertEvent(rows.Event); err != nil {
		return err
	}
	_, err := tx.deliver(string(rows.Outcome.Workspace), rows.ID, rows.Hook)
	return err
}
