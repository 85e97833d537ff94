package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Get implements ports.KeyReader.
func (r *KeyRepository) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error) {
	return r.readKey(ctx, r.queries.Get, string(id), string(workspace))
}

// Find implements ports.KeyReader.
func (r *KeyRepository) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return r.readKey(ctx, r.queries.Find, string(id))
}

// FindEver implements ports.KeyReader.
func (r *KeyRepository) FindEver(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return r.readKey(ctx, r.queries.FindEver, string(id))
}

func (r *KeyRepository) readKey(ctx context.Context, query *sqlkit.Statement, args ...any) (*domain.APIKey, error) {
	rows, err := read(ctx, r, func() (rows []keyRow, err error) {
		err = query.Select(ctx, &rows, args...)
		return rows, err
	})
	if err != nil {
		return nil, err
	}
	key, err := codec.Key(rows)
	r.damage.Key(key)
	return key, err
}
