package sqlkit

// CountKey counts a new key, unless its workspace has as many living keys as
// it may. It takes a lock on the count before it looks at it, which is what
// makes the cap exact. Its arguments are those of [CountArgs].
const CountKey = `INSERT INTO api_key_counts AS c (workspace_id, living)
VALUES (?, ?)
ON CONFLICT (workspace_id) DO UPDATE SET living = c.living + excluded.living
WHERE CAST(? AS bigint) = 0 OR c.living < CAST(? AS bigint)`

// CountArgs returns the arguments of [CountKey]: of a key that is stored as a
// deleted one no count is taken.
func CountArgs[T any](key KeyColumns[T], maxKeys int) []any {
	living := 1
	if key.DeletedAt != nil {
		living = 0
	}
	return []any{key.WorkspaceID, living, maxKeys, maxKeys}
}

// Deletes says whether the update deletes the key.
func (r ChangedRows[T]) Deletes() bool { return r.DeletedAt != nil }
