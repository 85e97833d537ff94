package postgres

import (
	"context"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// findForeign looks up one digest after another, and only then the keys. Otherwise
// PostgreSQL might plan to search the primary key of secrets, while there are few.
const (
	findForeign = `SELECT f.* FROM unnest(?::bytea[]) AS d (digest) CROSS JOIN LATERAL (
` + sqlkit.SelectForeign + `= d.digest OFFSET 0
) f JOIN api_keys k ON k.id = f.api_key_id WHERE ` + sqlkit.Living + ``
	workspacesOf = sqlkit.SelectWorkspaces + `= ANY(?::text[])`
)

// FindForeign implements ports.ForeignKeys. It reads the primary.
func (r *KeyRepository) FindForeign(ctx context.Context, digests []domain.Digest) (domain.KeyID, error) {
	sums := make(pq.ByteaArray, len(digests))
	for i := range digests {
		sums[i] = digests[i].Sum[:]
	}
	rows, err := sqlkit.Rows[sqlkit.ForeignRow](ctx, lookUp, r.findForeign, sums)
	if err != nil {
		return "", err
	}
	return sqlkit.ForeignKey(rows, digests)
}

// WorkspacesOf implements ports.ForeignKeys.
func (r *KeyRepository) WorkspacesOf(ctx context.Context, ids []domain.KeyID) (map[domain.KeyID]domain.WorkspaceID, error) {
	list := make(pq.StringArray, len(ids))
	for i, id := range ids {
		list[i] = string(id)
	}
	rows, err := sqlkit.Rows[sqlkit.WorkspaceRow](ctx, lookUp, r.workspacesOf, list)
	return sqlkit.WorkspacesOf(rows), err
}
