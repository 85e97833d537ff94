package fault

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// finish checks that a service of the current build shows the acknowledged
// changes of the holders' keys, and that the database is consistent.
func (all holders) finish(t *testing.T, w *world, db *sql.DB) {
	t.Helper()
	mustBeSound(t, db)
	records := all.records()
	var made, doubtful, lost int
	for _, r := range records {
		r.mustBeShown(t, w)
		made += len(r.events)
		if r.doubtful {
			doubtful++
		}
	}
	for _, h := range all {
		lost += h.lost
	}
	all.mustBeListed(t, w, db, records, lost)
	if slowest := all[0].pace.slowest; slowest > refusedWithin {
		exceeded(t, "a change was in force everywhere after %v, want %v", slowest, refusedWithin)
	}
	t.Logf("%d changes of %d keys acknowledged, none lost; %d keys had changes that got 503, %d were never acknowledged; in effect everywhere after %v at most",
		made, len(records), doubtful, lost, all[0].pace.slowest)
}

// mustBeShown checks the key's trail, whether it is found by name, and the
// result of a check.
func (r *record) mustBeShown(t *testing.T, w *world) {
	t.Helper()
	events := query[struct{ Type string }](t, w, "/"+r.id+"/events?size=100").Items
	var types []string
	for _, e := range slices.Backward(events) {
		types = append(types, e.Type)
	}
	if !r.doubtful && !slices.Equal(types, r.events) {
		t.Errorf("%s (%s) has the trail %v, want %v", r.name, r.id, types, r.events)
	}
	found := query[listed](t, w, "?size=100&q="+url.QueryEscape(strings.ToLower(r.name)))
	if is := slices.Contains(found.Items, listed{r.id, r.name}); is == r.deleted {
		t.Errorf("%s (%s), deleted: %v, is found by its name: %v, among %v", r.name, r.id, r.deleted, is, found.Items)
	}
	reason := changes[len(r.events)-1].reason
	w.mustSay(t, fmt.Sprintf("%s (%s) after %v", r.name, r.id, r.events), r.secret, reason)
}

// mustBeListed checks the lists in both orders and their totals. There may be
// up to lost keys more than in the records.
func (all holders) mustBeListed(t *testing.T, w *world, db *sql.DB, records []*record, lost int) {
	t.Helper()
	const living = `SELECT id FROM api_keys WHERE workspace_id = 'ws_1' AND deleted_at IS NULL ORDER BY `
	byName := map[bool]string{true: `name COLLATE "C", id`, false: `name, id`}[isPostgres(t, db)]
	for sort, order := range map[string]string{"createdAt,desc": `created_at DESC, id DESC`, "name,asc": byName} {
		want := texts(t, db, living+order)
		var got []string
		for page := 0; page == 0 || len(got) < page*100+1; page++ {
			list := query[listed](t, w, fmt.Sprintf("?size=100&sort=%s&page=%d", sort, page))
			if list.Total != len(want) {
				t.Errorf("the total is %d, want %d", list.Total, len(want))
			}
			for _, k := range list.Items {
				got = append(got, k.APIKeyID)
			}
			if len(list.Items) < 100 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("sorted by %s there are %d keys, want the %d of the database in their order", sort, len(got), len(want))
		}
	}
	kept := slices.DeleteFunc(slices.Clone(records), func(r *record) bool { return r.deleted })
	others := count(t, db, `SELECT count(*) FROM api_keys WHERE workspace_id = 'ws_1' AND deleted_at IS NULL AND name NOT LIKE 'Holder %'`)
	if n := count(t, db, `SELECT count(*) FROM api_keys WHERE workspace_id = 'ws_1' AND deleted_at IS NULL`) - others; n < len(kept) || n > len(kept)+lost {
		t.Errorf("%d keys are living, want %d and up to %d more", n, len(kept), lost)
	}
}

// listed is the part of a listed key that is checked.
type listed struct{ APIKeyID, Name string }

type listing[T any] struct {
	Items []T
	Total int
}

// query requests a list. path follows the path of all keys.
func query[T any](t *testing.T, w *world, path string) listing[T] {
	t.Helper()
	a := available(t, func() answer { return w.call(t, http.MethodGet, w.url(path), "") })
	var said struct{ Data listing[T] }
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || a.status != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", path, a.status, a.body, err)
	}
	return said.Data
}

func texts(t *testing.T, db *sql.DB, statement string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
