package sqlite_test

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
)

func TestKeyRepository_damage(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	portstest.RunKeyRepositoryDamage(t, openFile(t, path), func(t testing.TB, id domain.KeyID, list string) {
		exec(t, path, `UPDATE api_keys SET scopes = ?, ip_whitelist = ? WHERE id = ?`, list, list, string(id))
	})
}
