package sqlkit

import (
	"slices"

	"github.com/slaunchx/apikeys/domain"
)

// foreign is true for a secret whose algorithm is not that of this service. It is the
// condition of the index api_key_secrets_foreign_idx.
const foreign = `algorithm <> 'hmac-sha256'`

const (
	// HasForeign finds one foreign secret, if there is any. It compares the digest, so
	// that only the index of foreign secrets can answer it. Its argument is an empty
	// digest.
	HasForeign = `SELECT api_key_id FROM api_key_secrets WHERE ` + foreign + ` AND digest >= ? LIMIT 1`

	// SelectForeign begins a look-up of foreign secrets by digest.
	SelectForeign = `SELECT s.api_key_id, s.algorithm, s.pepper_id, s.digest
FROM api_key_secrets s WHERE s.` + foreign + ` AND s.digest `

	// SelectWorkspaces begins a look-up of keys, even of deleted ones, by ID.
	SelectWorkspaces = `SELECT id, workspace_id FROM api_keys WHERE id `
)

// ForeignRow is a row of [SelectForeign].
type ForeignRow struct {
	KeyID     string `db:"api_key_id"`
	Algorithm string `db:"algorithm"`
	PepperID  string `db:"pepper_id"`
	Digest    []byte `db:"digest"`
}

// ForeignKey returns the least ID of the rows whose digest is one of digests, or
// [domain.ErrKeyNotFound].
func ForeignKey(rows []ForeignRow, digests []domain.Digest) (domain.KeyID, error) {
	var ids []domain.KeyID
	for _, row := range rows {
		found := domain.Digest{Algorithm: domain.Algorithm(row.Algorithm), PepperID: row.PepperID}
		if len(row.Digest) == len(found.Sum) {
			copy(found.Sum[:], row.Digest)
			if slices.Contains(digests, found) {
				ids = append(ids, domain.KeyID(row.KeyID))
			}
		}
	}
	if len(ids) == 0 {
		return "", domain.ErrKeyNotFound
	}
	return slices.Min(ids), nil
}

// WorkspaceRow is a row of [SelectWorkspaces].
type WorkspaceRow struct {
	ID          string `db:"id"`
	WorkspaceID string `db:"workspace_id"`
}

// WorkspacesOf returns the workspaces of the keys of rows.
func WorkspacesOf(rows []WorkspaceRow) map[domain.KeyID]domain.WorkspaceID {
	workspaces := make(map[domain.KeyID]domain.WorkspaceID, len(rows))
	for _, row := range rows {
		workspaces[domain.KeyID(row.ID)] = domain.WorkspaceID(row.WorkspaceID)
	}
	return workspaces
}
