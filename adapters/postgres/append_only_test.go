package postgres_test

import (
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/domain"
)

func TestTrail_IsAppendOnlyInTheDatabase(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := createOne(t, repo)
	before, err := repo.Events(t.Context(), "ws_a", id, domain.Page{})
	if err != nil {
		t.Fatal(err)
	}
	db := sqlx.MustOpen("postgres", dsn)
	defer func() { _ = db.Close() }()
	for _, statement := range []string{
		`UPDATE api_key_events SET account_id = 'acc_other'`,
		`UPDATE api_key_events SET txid = '1' WHERE false`,
		`DELETE FROM api_key_events`,
		`TRUNCATE api_key_events`,
		`INSERT INTO api_key_events SELECT * FROM api_key_events ON CONFLICT (api_key_id, at, event_id) DO UPDATE SET account_id = 'acc_other'`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "api_key_events is append-only") {
			t.Errorf("%s gives %v", statement, err)
		}
	}
	after, err := repo.Events(t.Context(), "ws_a", id, domain.Page{})
	if err != nil || after.Total != 1 || after.Events[0].By.AccountID != before.Events[0].By.AccountID {
		t.Errorf("the trail is %v, error %v", after, err)
	}
}
