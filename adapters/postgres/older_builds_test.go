package postgres_test

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// These are the columns that builds name which know only the schema of 00001.
func TestKeyRepository_BesideAnOlderBuild(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	portstest.RunKeyRepositoryOlderBuild(t, openDSN(t, dsn), portstest.OlderBuild{
		Insert: func(t testing.TB, id domain.KeyID, ws domain.WorkspaceID, name string) {
			exec(t, dsn, `INSERT INTO api_keys (id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at)
VALUES ($1, $2, $3, 1, '[]', '[]', false, 'acc', now())`, string(id), string(ws), name)
		},
		Rename: func(t testing.TB, id domain.KeyID, name string) {
			exec(t, dsn, `UPDATE api_keys SET name = $1, disabled = false, deleted_at = NULL WHERE id = $2`, name, string(id))
		},
		Delete: func(t testing.TB, ws domain.WorkspaceID) {
			exec(t, dsn, `UPDATE api_keys SET name = name, disabled = false, deleted_at = now() WHERE workspace_id = $1`, string(ws))
		},
	})
}
