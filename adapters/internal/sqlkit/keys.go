package sqlkit

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// SelectKeys reads the rows of [FindKey] or [GetKey]. It assigns the columns by
// position: assigning them by name, like [Statement.Select], takes longer than
// everything else in reading a row.
func SelectKeys[T any](ctx context.Context, s *Statement, args ...any) (keys []KeyRow[T], err error) {
	err = s.each(ctx, args, appendTo(&keys))
	return keys, err
}

// SelectKeysOn is like SelectKeys, with a statement prepared on one connection.
func SelectKeysOn[T any](ctx context.Context, prepared *sqlx.Stmt, args ...any) (keys []KeyRow[T], err error) {
	rows, err := prepared.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	err = each(rows, appendTo(&keys))
	return keys, err
}

func appendTo[T any](keys *[]KeyRow[T]) func(scan func(...any) error) error {
	return func(scan func(...any) error) error {
		var k KeyRow[T]
		if err := scan(k.columns()...); err != nil {
			return err
		}
		*keys = append(*keys, k)
		return nil
	}
}

// columns returns the destinations of the columns of selectKey.
func (k *KeyRow[T]) columns() []any {
	return []any{
		&k.ID, &k.WorkspaceID, &k.Name, &k.Mode, &k.Scopes, &k.IPWhitelist, &k.Disabled,
		&k.CreatedBy, &k.CreatedAt, &k.ExpiresAt, &k.LastUsedAt, &k.DeletedAt,
		&k.RateLimits, &k.Quota,
		&k.Algorithm, &k.PepperID, &k.Digest, &k.ValidUntil,
	}
}
