package sqlkit

// The reads of both stores, with ? for arguments. Each is one look-up in a
// primary key, whose order is the order asked for.
const (
	FindKey = selectKey + ` WHERE k.id = ? AND k.deleted_at IS NULL ORDER BY s.position`

	GetKey = selectKey + ` WHERE k.id = ? AND k.workspace_id = ? AND k.deleted_at IS NULL ORDER BY s.position`

	ListEvents = `SELECT event_id, api_key_id, workspace_id, type, at, account_id, portal, client_hash, ip, request_id, changes
FROM api_key_events
WHERE api_key_id = ? AND workspace_id = ?
ORDER BY at DESC, event_id DESC`

	selectKey = `SELECT k.id, k.workspace_id, k.name, k.mode, k.scopes, k.ip_whitelist, k.disabled,
k.created_by, k.created_at, k.expires_at, k.last_used_at, k.deleted_at,
s.algorithm, s.pepper_id, s.digest, s.valid_until
FROM api_keys k JOIN api_key_secrets s ON s.api_key_id = k.id`
)
