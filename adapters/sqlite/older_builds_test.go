package sqlite_test

import (
	"testing"

	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
)

// These are the columns that builds name which know only the schema of 00001.
func TestKeyRepository_AfterAnOlderBuild(t *testing.T) {
	t.Parallel()
	path := sqlite.Migrated(t)
	portstest.RunKeyRepositoryOlderBuild(t, openFile(t, path), portstest.OlderBuild{
		Insert: func(t testing.TB, id domain.KeyID, ws domain.WorkspaceID, name string) {
			exec(t, path, `INSERT INTO api_keys (id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at)
VALUES (?, ?, ?, 1, '[]', '[]', 0, 'acc', 0)`, string(id), string(ws), name)
		},
		Rename: func(t testing.TB, id domain.KeyID, name string) {
			exec(t, path, `UPDATE api_keys SET name = ?, disabled = 0, deleted_at = NULL WHERE id = ?`, name, string(id))
		},
		Delete: func(t testing.TB, ws domain.WorkspaceID) {
			exec(t, path, `UPDATE api_keys SET name = name, disabled = 0, deleted_at = 0 WHERE workspace_id = ?`, string(ws))
		},
	})
}
