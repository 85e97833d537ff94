package sqlite

import (
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// SQLite chooses a plan by the schema alone until ANALYZE is run, so an empty
// database shows the plan of a full one.
func TestQueries_AreLookUps(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	cases := map[string]struct {
		query string
		args  []any
		want  []string
	}{
		"find": {sqlkit.FindKey, []any{"id"}, []string{
			"SEARCH k USING PRIMARY KEY (id=?)", "SEARCH s USING PRIMARY KEY (api_key_id=?)",
		}},
		"get": {sqlkit.GetKey, []any{"id", "ws"}, []string{
			"SEARCH k USING PRIMARY KEY (id=?)", "SEARCH s USING PRIMARY KEY (api_key_id=?)",
		}},
		"events": {sqlkit.ListEvents, sqlkit.ListEventsArgs("ws", "id", domain.Page{}), []string{
			"CO-ROUTINE t", "SEARCH api_key_events USING COVERING INDEX api_key_events_page_idx (api_key_id=?)",
			"MATERIALIZE e", "SEARCH api_key_events USING INDEX api_key_events_page_idx (api_key_id=?)",
			"SCAN t", "SCAN e LEFT-JOIN", "USE TEMP B-TREE FOR ORDER BY", // of the page
		}},
		"newest event": {newestEvent, nil, []string{
			"SEARCH api_key_events USING INTEGER PRIMARY KEY (rowid=?)", "SCALAR SUBQUERY 1", "SEARCH api_key_events",
		}},
		"event at": {eventAt, []any{1}, []string{"SEARCH api_key_events USING INTEGER PRIMARY KEY (rowid=?)"}},
		"changes since": {changesSince, []any{1, 2}, []string{
			"SEARCH api_key_events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "USE TEMP B-TREE FOR DISTINCT",
		}},
		"record use": {recordUse, []any{"{}"}, []string{
			"SCAN used VIRTUAL TABLE INDEX 1:", "SEARCH api_keys USING PRIMARY KEY (id=?)",
		}},
		"add checks": {addChecks, []any{"[]"}, []string{
			"SCAN c VIRTUAL TABLE INDEX 1:", "SEARCH k USING PRIMARY KEY (id=?)",
		}},
		"usage": {findUsage, codec.FindUsageArgs(ports.UsageQuery{}), []string{
			"COMPOUND QUERY", "LEFT-MOST SUBQUERY",
			"CO-ROUTINE days", "SETUP", "SCAN CONSTANT ROW", "RECURSIVE STEP", "SCAN days",
			"SCAN days", "SEARCH u USING PRIMARY KEY (day=? AND api_key_id=?)",
			"UNION ALL", "SEARCH api_key_scope_uses USING PRIMARY KEY (api_key_id=?)",
			"UNION ALL", "SEARCH api_key_grace_uses USING PRIMARY KEY (valid_until=? AND api_key_id=?)",
		}},
		"forget checks": {forgetChecks, []any{1, 2}, []string{
			"SEARCH api_key_usage USING PRIMARY KEY (day=? AND api_key_id=? AND reason=?)", "LIST SUBQUERY 2",
			"SEARCH api_key_usage USING PRIMARY KEY (day<?)",
		}},
		"has foreign": {sqlkit.HasForeign, []any{[]byte{}}, []string{
			"SEARCH api_key_secrets USING INDEX api_key_secrets_foreign_idx (digest>?)",
		}},
		"find foreign": {findForeign, []any{"[]"}, []string{
			"SEARCH s USING INDEX api_key_secrets_foreign_idx (digest=?)", "LIST SUBQUERY 1", "SCAN json_each VIRTUAL TABLE INDEX 1:",
			"SEARCH k USING PRIMARY KEY (id=?)",
		}},
		"workspaces of": {workspacesOf, []any{"[]"}, []string{
			"SEARCH api_keys USING PRIMARY KEY (id=?)", "LIST SUBQUERY 1", "SCAN json_each VIRTUAL TABLE INDEX 1:",
		}},
		"deliver": {deliver, []any{"digits", "type", "key", "{}", 1, 1, "ws", "type"}, []string{
			"SEARCH w USING INDEX api_key_webhooks_workspace_idx (workspace_id=?)",
			"CORRELATED SCALAR SUBQUERY 1", "SCAN e VIRTUAL TABLE INDEX 1:",
		}},
		"deliveries": {sqlkit.ListDeliveries, sqlkit.ListDeliveriesArgs("id", "", domain.Page{}), []string{
			"CO-ROUTINE t", "SEARCH api_key_deliveries USING INDEX api_key_deliveries_created_idx (webhook_id=?)",
			"MATERIALIZE d", "SEARCH api_key_deliveries USING INDEX api_key_deliveries_created_idx (webhook_id=?)",
			"USE TEMP B-TREE FOR LAST TERM OF ORDER BY", // of one moment
			"SCAN t", "SCAN d LEFT-JOIN", "USE TEMP B-TREE FOR ORDER BY", // of the page
		}},
		"claim": {dueDeliveries, []any{"id", 1, 1, 1}, []string{
			"SEARCH api_key_deliveries USING INDEX api_key_deliveries_due_idx (webhook_id=? AND due_at<?)",
			"USE TEMP B-TREE FOR LAST TERM OF ORDER BY", // of one moment
		}},
		"drop deliveries": {dropDeliveries, []any{"id", 1}, []string{
			"SEARCH api_key_deliveries USING INTEGER PRIMARY KEY (rowid=?)", "LIST SUBQUERY 1",
			"SEARCH api_key_deliveries USING COVERING INDEX api_key_deliveries_due_idx (webhook_id=?)",
		}},
		"drop stragglers": {dropStragglers, []any{"", "", 1}, []string{
			"SEARCH api_key_deliveries USING INTEGER PRIMARY KEY (rowid=?)", "LIST SUBQUERY 1",
			"SCAN w", "SEARCH d USING COVERING INDEX api_key_deliveries_due_idx (webhook_id=?)",
		}},
		"forget deliveries": {forgetDeliveries, []any{1, 1, 1}, []string{
			"SEARCH api_key_deliveries USING INTEGER PRIMARY KEY (rowid=?)", "LIST SUBQUERY 1",
			"SCAN w", "SEARCH d USING INDEX api_key_deliveries_created_idx (webhook_id=? AND created_at<?)",
		}},
		"rehash": {rehash, []any{"[]"}, []string{
			"SCAN r VIRTUAL TABLE INDEX 1:", "SEARCH api_key_secrets USING PRIMARY KEY (api_key_id=?)",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := planOf(t, repo, c.query, c.args...)
			if want := strings.Join(c.want, "\n"); got != want {
				t.Errorf("the plan is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// planOf returns the steps of a statement, one a line.
func planOf(t testing.TB, repo *KeyRepository, query string, args ...any) string {
	t.Helper()
	var steps []struct {
		ID, Parent, NotUsed int
		Detail              string
	}
	if err := repo.reader.SelectContext(t.Context(), &steps, "EXPLAIN QUERY PLAN "+query, args...); err != nil {
		t.Fatal(err)
	}
	details := make([]string, len(steps))
	for i, s := range steps {
		details[i] = s.Detail
	}
	return strings.Join(details, "\n")
}
