package sqlite

import (
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestTrail_IsAppendOnlyInTheDatabase(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	const id = "sk_live_0000000000000001"
	store(t, repo, rowsOf(id, "evt_1"))
	for _, statement := range []string{
		`UPDATE api_key_events SET account_id = 'acc_other'`,
		`UPDATE OR IGNORE api_key_events SET seq = 7`,
		`DELETE FROM api_key_events`,
		`INSERT OR REPLACE INTO api_key_events SELECT * FROM api_key_events`,
		`INSERT OR REPLACE INTO api_key_events SELECT NULL, api_key_id, at, event_id, workspace_id, type, 'acc_other', portal, client_hash, ip, request_id, changes FROM api_key_events`,
		`INSERT INTO api_key_events SELECT * FROM api_key_events WHERE true ON CONFLICT (seq) DO UPDATE SET account_id = 'acc_other'`,
	} {
		if _, err := repo.writer.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "api_key_events is append-only") {
			t.Errorf("%s gives %v", statement, err)
		}
	}
	list, err := repo.Events(t.Context(), "ws", id, domain.Page{})
	if err != nil || list.Total != 1 || list.Events[0].By.AccountID != "" {
		t.Errorf("the trail is %v, error %v", list, err)
	}
}
