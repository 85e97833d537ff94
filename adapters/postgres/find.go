package postgres

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Get implements ports.KeyReader.
func (r *KeyRepository) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error) {
	return r.readKey(ctx, r.queries.Get, string(id), string(workspace))
}

// Find implements ports.KeyReader.
func (r *KeyRepository) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	if r.standby != nil {
		if key, ok := r.standby.Find(ctx, id); ok {
			r.damage.Key(key)
			return key, nil
		}
	}
	return r.readKey(ctx, r.queries.Find, string(id))
}

// FindEver implements ports.KeyReader.
func (r *KeyRepository) FindEver(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return r.readKey(ctx, r.queries.FindEver, string(id))
}

func (r *KeyRepository) readKey(ctx context.Context, query *sqlkit.Statement, args ...any) (*domain.APIKey, error) {
	rows, err := onSound(func() ([]keyRow, error) {
		return sqlkit.SelectKeys[time.Time](promptly(ctx), query, args...)
	})
	if err != nil {
		return nil, translate(ctx, err)
	}
	key, err := codec.Key(rows)
	r.damage.Key(key)
	return key, err
}

func read[Row any](ctx context.Context, query *sqlkit.Statement, args ...any) ([]Row, error) {
	rows, err := onSound(func() (rows []Row, err error) {
		err = query.Select(promptly(ctx), &rows, args...)
		return rows, err
	})
	return rows, translate(ctx, err)
}
