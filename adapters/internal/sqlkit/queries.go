package sqlkit

// The reads of both stores, with ? for arguments. Each is a look-up in a
// primary key, whose order is the requested order.
const (
	FindKey = selectKey + ` WHERE k.id = ? AND ` + Living + ` ORDER BY s.position`

	// FindEverKey also finds a deleted key.
	FindEverKey = selectKey + ` WHERE k.id = ? ORDER BY s.position`

	GetKey = selectKey + ` WHERE k.id = ? AND k.` + OfWorkspace + ` AND ` + Living + ` ORDER BY s.position`

	// Living is true for a key that is not deleted. It differs from the condition of
	// the indexes for lists, whose last column is the identifier. Otherwise a plan that
	// PostgreSQL made while there were no keys could search a whole index.
	Living = `coalesce(deleted_at IS NULL, false)`

	// OfWorkspace is true for a key of the workspace that is its argument. No index
	// matches it, so PostgreSQL uses the primary key. Otherwise, without statistics of
	// the table, it would search a whole workspace in the index of names, whose last
	// column is the identifier.
	OfWorkspace = `workspace_id || '' = ?`

	// ListEvents reads a page with the total in each row. The event that was stored
	// last comes first, whatever its time. Its arguments are those of [ListEventsArgs].
	ListEvents = `SELECT t.total, e.event_id, e.api_key_id, e.workspace_id, e.type, e.at, e.account_id, e.portal, e.client_hash, e.ip, e.request_id, e.changes
FROM (SELECT count(*) AS total FROM api_key_events WHERE api_key_id = ? AND workspace_id = ?) t
LEFT JOIN (
SELECT * FROM api_key_events
WHERE api_key_id = ? AND workspace_id = ?
ORDER BY seq DESC LIMIT ? OFFSET ?
) e ON true
ORDER BY e.seq DESC`

	keyColumns = `k.id, k.workspace_id, k.name, k.mode, k.scopes, k.ip_whitelist, k.disabled,
k.created_by, k.created_at, k.expires_at, k.last_used_at, k.deleted_at, k.rate_limits, k.quota,
s.algorithm, s.pepper_id, s.digest, s.valid_until`

	selectKey = `SELECT ` + keyColumns + `
FROM api_keys k JOIN api_key_secrets s ON s.api_key_id = k.id`
)
