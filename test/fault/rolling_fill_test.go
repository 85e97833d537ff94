package fault

import (
	"database/sql"
	"testing"
)

// fillVersion1 creates keys, with a secret and an event each, in the schema of
// 00001, half of them in one workspace.
var fillVersion1 = []string{
	`INSERT INTO api_keys (id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), CASE WHEN n % 2 = 0 THEN 'ws_big' ELSE 'ws_of_' || n % 5000 END,
'Key ' || n, 1, '[]', '[]', false, 'filler', now() FROM generate_series(1, $1::int) n`,
	`INSERT INTO api_key_secrets (api_key_id, position, algorithm, pepper_id, digest)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), 0, 'hmac-sha256', 'p1', decode(repeat('00', 32), 'hex') FROM generate_series(1, $1::int) n`,
	`INSERT INTO api_key_events (api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, request_id, changes)
SELECT id, created_at, 'evt_' || id, workspace_id, 'CREATED', 'filler', 'PARTNER', '', '', '[]'
FROM generate_series(1, $1::int) n JOIN api_keys ON id = 'sk_live_' || lpad(n::text, 16, '0')`,
}

func fill(t *testing.T, db *sql.DB, keys int) {
	t.Helper()
	for _, statement := range fillVersion1 {
		if _, err := db.ExecContext(t.Context(), statement, keys); err != nil {
			t.Fatal(err)
		}
	}
}
