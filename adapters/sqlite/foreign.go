package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Both take a JSON array, findForeign of digests in hexadecimal digits.
const (
	findForeign = `SELECT f.* FROM (
` + sqlkit.SelectForeign + `IN (SELECT unhex(value) FROM json_each(?))
) f JOIN api_keys k ON k.id = f.api_key_id WHERE ` + sqlkit.Living + ``
	workspacesOf = sqlkit.SelectWorkspaces + `IN (SELECT value FROM json_each(?))`
)

// FindForeign implements ports.ForeignKeys.
func (r *KeyRepository) FindForeign(ctx context.Context, digests []domain.Digest) (domain.KeyID, error) {
	sums := make([]string, len(digests))
	for i := range digests {
		sums[i] = hex.EncodeToString(digests[i].Sum[:])
	}
	list, err := json.Marshal(sums)
	if err != nil {
		return "", err
	}
	rows, err := sqlkit.Rows[sqlkit.ForeignRow](ctx, r.look, r.findForeign, string(list))
	if err != nil {
		return "", err
	}
	return sqlkit.ForeignKey(rows, digests)
}

// WorkspacesOf implements ports.ForeignKeys.
func (r *KeyRepository) WorkspacesOf(ctx context.Context, ids []domain.KeyID) (map[domain.KeyID]domain.WorkspaceID, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := sqlkit.Rows[sqlkit.WorkspaceRow](ctx, r.look, r.workspacesOf, string(list))
	return sqlkit.WorkspacesOf(rows), err
}
