package sqlkit

import "context"

// SelectKeys reads the rows of [FindKey] or [GetKey]. It takes the columns by
// their order: by their names, as [Statement.Select] does, takes longer than
// all the rest of reading a row.
func SelectKeys[T any](ctx context.Context, s *Statement, args ...any) (keys []KeyRow[T], err error) {
	err = s.each(ctx, args, func(scan func(...any) error) error {
		var k KeyRow[T]
		if err := scan(k.columns()...); err != nil {
			return err
		}
		keys = append(keys, k)
		return nil
	})
	return keys, err
}

// columns returns where the columns of selectKey go.
func (k *KeyRow[T]) columns() []any {
	return []any{
		&k.ID, &k.WorkspaceID, &k.Name, &k.Mode, &k.Scopes, &k.IPWhitelist, &k.Disabled,
		&k.CreatedBy, &k.CreatedAt, &k.ExpiresAt, &k.LastUsedAt, &k.DeletedAt,
		&k.Algorithm, &k.PepperID, &k.Digest, &k.ValidUntil,
	}
}
