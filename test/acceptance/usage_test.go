package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
)

// usage returns a valid request for the usage of a key.
func (w *world) usage(t *testing.T, keyID, query string, changes ...func(*request)) request {
	t.Helper()
	return w.manage(t, http.MethodGet, "/"+keyID+"/usage"+query, changes...)
}

func TestShowUsage_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, old := w.newKeyOf(t, `{"name":"k","scopes":["a:b","c:d"],"ipWhitelist":["10.0.0.0/8"],"rateLimits":[{"name":"day","limit":4,"windowSeconds":86400}]}`)
		// The rate limit has a clock of its own on PostgreSQL, and is spent at the end.
		w.clock.Set(now.Add(-24 * time.Hour))
		check := func(secret, rest string) {
			if a := do(t, w.verify(`{"key":"`+secret+`",`+rest+`}`)); a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		check(old, `"ip":"10.0.0.1","scopes":["a:b"]`)
		check(old, `"ip":"10.0.0.1","scopes":["a:b"],"cost":0`) // not counted
		check(old, `"ip":"11.0.0.1"`)
		w.clock.Set(now)
		secret := do(t, w.rotate(t, id, `{"gracePeriodSeconds":3600}`)).data(t)["secret"].(string)
		check(secret, `"ip":"10.0.0.1","cost":2`)
		check(secret, `"ip":"11.0.0.1","scopes":["a:b"]`)
		check(secret, `"ip":"10.0.0.1","scopes":["x:y"]`)
		check(secret[:len(secret)-1]+"!", `"ip":"10.0.0.1"`) // proves nothing
		check(secret, `"ip":"10.0.0.1","cost":9`)
		w.clock.Set(now.Add(time.Minute))
		check(old, `"ip":"10.0.0.1"`)
		w.clock.Set(now)

		const want = `{"days":[{"date":"2026-03-19","allowed":0,"denied":{}},` +
			`{"date":"2026-03-20","allowed":1,"denied":{"IP_NOT_ALLOWED":1}},` +
			`{"date":"2026-03-21","allowed":2,"denied":{"IP_NOT_ALLOWED":1,"INSUFFICIENT_SCOPE":1,"RATE_LIMITED":1}}],` +
			`"scopes":[{"scope":"a:b","lastUsedAt":"2026-03-20T00:00:00Z"},{"scope":"c:d","lastUsedAt":null}],` +
			`"previousSecret":{"validUntil":"2026-03-21T01:00:00Z","lastUsedAt":"2026-03-21T00:01:00Z"}}}`
		query := "?from=2026-03-19&to=2026-03-21"
		keys := w.service.OperatorWorkspace("tester", workspace, domain.Origin{})
		await(t, "the counts", func() bool {
			usage, err := keys.KeyUsage(t.Context(), domain.KeyID(id), domain.LastDays(now))
			return err == nil && usage.PreviousSecret != nil && !usage.PreviousSecret.LastUsedAt.IsZero() // of the last check
		})
		a := do(t, w.usage(t, id, query))
		if _, got, _ := strings.Cut(a.body, `"data":`); a.status != http.StatusOK || got != want {
			t.Errorf("%d (-want +got):\n%s", a.status, cmp.Diff(want, got))
		}
		mustHaveHeaders(t, a)

		w.clock.Set(now.Add(time.Hour)) // the grace period has ended
		if got := do(t, w.usage(t, id, "")); !strings.HasSuffix(got.body, `"previousSecret":null}}`) {
			t.Errorf("after the grace period: %s", got.body)
		}
		days := do(t, w.usage(t, id, "")).data(t)["days"].([]any)
		if len(days) != 30 || fmt.Sprint(days[0]) != "map[allowed:0 date:2026-02-20 denied:map[]]" {
			t.Errorf("%d days, the first is %v", len(days), days[0])
		}
		usage, err := w.manager(t).KeyUsage(t.Context(), domain.KeyID(id), domain.DayRange{})
		if err != nil || len(usage.Days) != 30 || usage.Days[28].Denied[domain.VerdictIPNotAllowed] != 1 || len(usage.Scopes) != 2 {
			t.Errorf("the client gets %+v, error %v", usage, err)
		}
	})
}

func TestShowUsage_404(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, _ := w.newKey(t, keySpec{Name: "k"})
		mustNotFind(t, w, id, w.usage)
		do(t, w.remove(t, id))
		mustBe(t, do(t, w.usage(t, id, "")), 404, "4040", "API key not found")
	})
}

// mustNotFind fails the test unless read, which makes a request about a key and a query,
// finds no key that does not exist, nor the key id in another workspace.
func mustNotFind(t *testing.T, w *world, id string, read func(t *testing.T, keyID, query string, changes ...func(*request)) request) {
	t.Helper()
	other := as(w.token(t, func(c *jwttest.Claims) { c.Workspaces = map[string]string{"ws_2": "OWNER"} }))
	elsewhere := func(r *request) { r.url = strings.Replace(r.url, "/ws_1/", "/ws_2/", 1) }
	for _, r := range []request{
		read(t, "sk_live_0000000000000000", ""),
		read(t, "nonsense", ""),
		read(t, id, "", other, set("X-Workspace-Id", "ws_2"), elsewhere),
	} {
		mustBe(t, do(t, r), 404, "4040", "API key not found")
	}
}

func TestShowUsage_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKey(t, keySpec{Name: "k"})
	for query, want := range map[string][]string{
		"?from=2026-03-01":                     {"to required"},
		"?to=2026-03-01":                       {"from required"},
		"?to=2026-3-1":                         {"to format", "from required"},
		"?to=x&from=2026-02-30":                {"to format", "from format"},
		"?from=2026-03-20&to=2026-03-22":       {"to range"},
		"?from=2026-03-22&to=2026-03-22":       {"to range"},
		"?from=2026-03-21&to=2026-03-20":       {"from range"},
		"?from=2025-12-19&to=2026-03-21":       {"from range"}, // 93 days
		"?from=2026-03-22&to=2027-03-22":       {"from range", "to range"},
		"?from=2026-03-01&from=2026-03-01&a=b": {"from duplicate_field", "a unknown_field", "to required"},
	} {
		mustFail(t, do(t, w.usage(t, id, query)), want)
	}
	for _, query := range []string{"", "?from=2026-03-21&to=2026-03-21", "?from=2025-12-20&to=2026-03-21", "?from=1970-01-01&to=1970-01-02", "?from=0001-01-01&to=0001-03-01"} {
		if a := do(t, w.usage(t, id, query)); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}
