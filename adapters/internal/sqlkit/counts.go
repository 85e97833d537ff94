package sqlkit

// CountKey counts a new key, unless its workspace has reached the cap on living
// keys. It locks the count before it reads it, which makes the cap exact. Its
// arguments are those of [CountArgs].
const CountKey = `INSERT INTO api_key_counts AS c (workspace_id, living)
VALUES (?, ?)
ON CONFLICT (workspace_id) DO UPDATE SET living = c.living + excluded.living
WHERE CAST(? AS bigint) = 0 OR c.living < CAST(? AS bigint)`

// CountArgs returns the arguments of [CountKey]. A key that is stored as
// deleted is not counted.
func CountArgs[T any](key KeyColumns[T], maxKeys int) []any {
	living := 1
	if key.DeletedAt != nil {
		living = 0
	}
	return []any{key.WorkspaceID, living, maxKeys, maxKeys}
}

// Deletes reports whether the update deletes the key.
func (r ChangedRows[T]) Deletes() bool { return r.DeletedAt != nil }
