package sqlite

import (
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// statsOfMany is what ANALYZE finds out about 100,000 keys of one workspace, which is
// all that SQLite's planner knows about them: the number of rows, and how many have the
// same first column, the same first two columns, and so on.
var statsOfMany = []string{
	"api_keys: 100000 1",
	"api_keys_created_idx: 100000 100000 3 1 1 1 1 1 1",
	"api_keys_expires_idx: 20000 20000 20000",
	"api_keys_name_idx: 100000 100000 10 1 1 1 1 1 1",
}

func TestList_ReadsAnIndexRangeWhenSQLiteExpectsManyKeys(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	repo.writer.MustExecContext(t.Context(), `ANALYZE`) // creates the table of statistics
	repo.writer.MustExecContext(t.Context(), `DELETE FROM sqlite_stat1`)
	for _, known := range statsOfMany {
		index, stat, _ := strings.Cut(known, ": ")
		repo.writer.MustExecContext(t.Context(), `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('api_keys', ?, ?)`, index, stat)
	}
	requirePagesByIndex(t, repo) // on connections that are made now, and read it
}

func requirePagesByIndex(t *testing.T, repo *KeyRepository) {
	t.Helper()
	for order, index := range map[domain.Order]string{
		{By: domain.ByCreatedAt, Ascending: true}: "api_keys_created_idx",
		{By: domain.ByCreatedAt}:                  "api_keys_created_idx",
		{By: domain.ByName, Ascending: true}:      "api_keys_name_idx",
		{By: domain.ByName}:                       "api_keys_name_idx",
	} {
		for name, filter := range map[string]domain.KeyFilter{"no filter": {}, "a filter": {Mode: domain.ModeTest}} {
			list := codec.KeyList(dialect, "ws", filter, order, domain.Page{})
			plan := planOf(t, repo, list.Query, list.Args...)
			page := plan[strings.Index(plan, "page"):]
			page = page[:strings.Index(page, "SEARCH k USING PRIMARY KEY")] //nolint:gocritic // is there, or the plan is wrong
			if !strings.Contains(page, "SEARCH k USING COVERING INDEX "+index+" (workspace_id=?)") || strings.Contains(page, "TEMP B-TREE") {
				t.Errorf("with %s and %v the page is not cut out of %s:\n%s", name, order, index, plan)
			}
		}
	}
}
