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

// HasForeign implements ports.ForeignKeys.
func (r *KeyRepository) HasForeign(ctx context.Context) (bool, error) {
	found, err := selectAll[struct {
		ID string `db:"api_key_id"`
	}](ctx, r, r.queries.HasForeign, []byte{})
	return len(found) > 0, err
}

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
	rows, err := selectAll[sqlkit.ForeignRow](ctx, r, r.findForeign, string(list))
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
	rows, err := selectAll[sqlkit.WorkspaceRow](ctx, r, r.workspacesOf, string(list))
	return sqlkit.WorkspacesOf(rows), err
}

func selectAll[Row any](ctx context.Context, r *KeyRepository, query *sqlkit.Statement, args ...any) ([]Row, error) {
	return read(ctx, r, func() (rows []Row, err error) {
		err = query.Select(ctx, &rows, args...)
		return rows, err
	})
}
