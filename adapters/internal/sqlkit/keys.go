package sqlkit

import "context"

// SelectKeys reads the rows of [FindKey] or [GetKey]. It takes the columns by
// their order: by their names, as [Statement.Select] does, takes longer than
// all the rest of reading a row.
func SelectKeys[T any](ctx context.Context, s *Statement, args ...any) (keys []KeyRow[T], err error) {
	prepared, err := s.Prepared(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := prepared.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	for rows.Next() {
		var k KeyRow[T]
		if err := rows.Scan(
			&k.ID, &k.WorkspaceID, &k.Name, &k.Mode, &k.Scopes, &k.IPWhitelist, &k.Disabled,
			&k.CreatedBy, &k.CreatedAt, &k.ExpiresAt, &k.LastUsedAt, &k.DeletedAt,
			&k.Algorithm, &k.PepperID, &k.Digest, &k.ValidUntil,
		); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}
