package acceptance

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// list returns a valid request to list keys.
func (w *world) list(t *testing.T, query string, changes ...func(*request)) request {
	t.Helper()
	return w.manage(t, http.MethodGet, query, changes...)
}

// named returns the names of the items of a page, and its total.
func (a answer) named(t *testing.T) (names []string, total int) {
	t.Helper()
	data := a.data(t)
	for _, item := range data["items"].([]any) {
		names = append(names, item.(map[string]any)["name"].(string))
	}
	return names, int(data["total"].(float64))
}

func TestListKeys_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		envelope := func(data string) string {
			return `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":` + data + `}`
		}
		a := do(t, w.list(t, ""))
		if diff := cmp.Diff(envelope(`{"items":[],"page":0,"size":20,"total":0}`), a.body); a.status != http.StatusOK || diff != "" {
			t.Errorf("of no keys: %d (-want +got):\n%s", a.status, diff)
		}
		mustHaveHeaders(t, a)
		id, _ := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}, IPWhitelist: []string{"10.0.0.0/8"}, ExpiresAt: at("2027-01-01T00:00:00Z")})
		key := `{"apiKeyId":"` + id + `","name":"k","status":"ACTIVE","mode":"LIVE","permissions":["a:b"],"scopes":["a:b"],"ipWhitelist":["10.0.0.0/8"],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":"2027-01-01T00:00:00Z","rateLimits":[],"quota":null}`
		a = do(t, w.list(t, "?page=0&size=1"))
		if diff := cmp.Diff(envelope(`{"items":[`+key+`],"page":0,"size":1,"total":1}`), a.body); a.status != http.StatusOK || diff != "" {
			t.Errorf("of one: %d (-want +got):\n%s", a.status, diff)
		}
	})
}

func TestListKeys_200_filtersOrdersAndPages(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for i, spec := range []keySpec{
			{Name: "Élan 100%", Mode: domain.ModeTest},
			{Name: "beta"},
			{Name: "Alpha"},
			{Name: "alpha_2"},
			{Name: "short", ExpiresAt: at("2026-03-21T00:01:00Z")},
			{Name: "gone"},
		} {
			w.clock.Set(now.Add(time.Duration(i) * time.Microsecond))
			id, _ := w.newKey(t, spec)
			switch i {
			case 1:
				w.disableKey(t, id)
			case 5:
				w.deleteKey(t, id)
			}
		}
		w.clock.Set(now.Add(time.Hour))
		for _, tt := range []struct {
			query string
			want  []string
			total int
		}{
			{"", []string{"short", "alpha_2", "Alpha", "beta", "Élan 100%"}, 5},
			{"?sort=createdAt,desc", []string{"short", "alpha_2", "Alpha", "beta", "Élan 100%"}, 5},
			{"?sort=createdAt,asc", []string{"Élan 100%", "beta", "Alpha", "alpha_2", "short"}, 5},
			{"?sort=name,asc", []string{"Alpha", "alpha_2", "beta", "short", "Élan 100%"}, 5},
			{"?sort=name%2Cdesc", []string{"Élan 100%", "short", "beta", "alpha_2", "Alpha"}, 5},
			{"?sort=name,asc&page=1&size=2", []string{"beta", "short"}, 5},
			{"?page=3&size=2", nil, 5},
			{"?page=2147483647&size=100", nil, 5},
			{"?status=ACTIVE", []string{"alpha_2", "Alpha", "Élan 100%"}, 3},
			{"?status=DISABLED", []string{"beta"}, 1},
			{"?status=EXPIRED", []string{"short"}, 1},
			{"?mode=TEST", []string{"Élan 100%"}, 1},
			{"?mode=LIVE&status=ACTIVE&sort=name,asc&size=1", []string{"Alpha"}, 2},
			{"?q=ALPHA", []string{"alpha_2", "Alpha"}, 2},
			{"?q=%C3%A9lan", []string{"Élan 100%"}, 1},
			{"?q=%25", []string{"Élan 100%"}, 1},
			{"?q=_", []string{"alpha_2"}, 1},
			{"?q=n+1", []string{"Élan 100%"}, 1},
			{"?q=" + url.QueryEscape(`'\"`), nil, 0},
			{"?q=gone", nil, 0},
			{"?&", []string{"short", "alpha_2", "Alpha", "beta", "Élan 100%"}, 5},
		} {
			a := do(t, w.list(t, tt.query))
			if a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", tt.query, a.status, a.body)
			}
			got, total := a.named(t)
			if diff := cmp.Diff(tt.want, got); diff != "" || total != tt.total {
				t.Errorf("%s: total %d, want %d (-want +got):\n%s", tt.query, total, tt.total, diff)
			}
		}
	})
}

func TestListKeys_200_ordersKeysOfOneInstantByTheirIdentifiers(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for range 5 {
			w.newKey(t, keySpec{Name: "same"})
		}
		keys := w.manager(t)
		for _, order := range []domain.Order{
			{By: domain.ByCreatedAt, Ascending: true}, {By: domain.ByCreatedAt}, {By: domain.ByName, Ascending: true}, {By: domain.ByName},
		} {
			var ids []domain.KeyID
			for number := range 5 {
				page := must(keys.ListKeys(t.Context(), goclient.KeyQuery{Order: order, Number: number, Size: 1}))(t)
				ids = append(ids, page.Keys[0].ID)
			}
			for i := range 4 {
				if (ids[i] < ids[i+1]) != order.Ascending {
					t.Errorf("%+v: %s", order, ids)
				}
			}
		}
	})
}

func TestListKeys_200_showsNothingOfOtherWorkspaces(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.newKey(t, keySpec{Name: "mine"})
		page := must(w.managerOf(t, "ws_2").ListKeys(t.Context(), goclient.KeyQuery{}))(t)
		if len(page.Keys) != 0 || page.Total != 0 {
			t.Errorf("another workspace sees %v of %d", page.Keys, page.Total)
		}
	})
}

func TestListKeys_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for query, want := range map[string][]string{
		"?page=-1":                       {"page range"},
		"?page=2147483648":               {"page range"},
		"?page=99999999999999999999":     {"page range"},
		"?page=one":                      {"page format"},
		"?page=":                         {"page format"},
		"?page=%2B1":                     {"page format"},
		"?page=1.0":                      {"page format"},
		"?size=0":                        {"size range"},
		"?size=101":                      {"size range"},
		"?size=ten&page=-1":              {"size format", "page range"},
		"?sort=id,asc":                   {"sort range"},
		"?sort=name":                     {"sort range"},
		"?sort=name,up":                  {"sort range"},
		"?status=active":                 {"status range"},
		"?status=":                       {"status range"},
		"?mode=1":                        {"mode range"},
		"?q=":                            {"q length"},
		"?q=" + strings.Repeat("x", 129): {"q length"},
		"?q=%ff":                         {"q characters"},
		"?q=%00":                         {"q characters"},
		"?filter=x":                      {"filter unknown_field"},
		"?Page=1":                        {"Page unknown_field"},
		"?page=0&page=0":                 {"page duplicate_field"},
		"?page=0&p%61ge=0":               {"page duplicate_field"},
		"?page=0;size=5":                 {"page syntax"},
		"?q=%zz":                         {"q syntax"},
		"?%zz=1":                         {"%zz syntax"},
		"?workspaceId=ws_2&sort=x&q=":    {"workspaceId unknown_field", "sort range", "q length"},
	} {
		mustFail(t, do(t, w.list(t, query)), want)
	}
}

func TestListKeys_403(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, name := range []string{"ADMIN", "OPERATOR", "VIEWER", "owner"} {
		mustBe(t, do(t, w.list(t, "?page=x", as(w.token(t, role(name))))), 403, "4030", "Only workspace owner can manage API keys")
	}
}

// ticking is a clock that advances by a second at each reading.
type ticking struct{ at atomic.Int64 }

func (c *ticking) Now() time.Time { return time.Unix(c.at.Add(1), 0) }

func TestListKeys_200_showsEachKeyAsTheFilterSawIt(t *testing.T) {
	t.Parallel()
	clock := new(ticking)
	clock.at.Store(now.Unix())
	w := newWorld(t, nil, apikeys.WithClock(clock.Now))
	w.issuer.SetClock(clock.Now)
	expiring := now.Add(time.Hour)
	for i := range 60 {
		w.newKey(t, keySpec{Name: "k", ExpiresAt: expiring.Add(time.Duration(i) * time.Second)})
	}
	clock.at.Store(expiring.Unix())
	active := must(w.manager(t).ListKeys(t.Context(), goclient.KeyQuery{Status: domain.StatusActive, Size: 100}))(t).Keys
	if len(active) == 0 || len(active) == 60 {
		t.Errorf("%d keys are active", len(active))
	}
	for _, key := range active {
		if key.Status != domain.StatusActive {
			t.Errorf("status is %v", key.Status)
		}
	}
}
