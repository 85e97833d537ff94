package acceptance

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// events returns a valid request for the audit trail of a key.
func (w *world) events(t *testing.T, keyID, query string, changes ...func(*request)) request {
	t.Helper()
	return w.manage(t, http.MethodGet, "/"+keyID+"/events"+query, changes...)
}

// types returns the event types of the items of a page.
func (a answer) types(t *testing.T) (types []string) {
	t.Helper()
	for _, item := range a.data(t)["items"].([]any) {
		types = append(types, item.(map[string]any)["type"].(string))
	}
	return types
}

func TestListEvents_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
		step := func(r request) answer {
			w.clock.Set(w.clock.Now().Add(time.Second))
			a := do(t, r)
			if a.status >= 300 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			return a
		}
		renamed := w.create(t, `{"name":"renamed","scopes":null,"ipWhitelist":["10.0.0.0/8"],"expiresAt":"2027-01-01T00:00:00Z"}`, set("X-Client-Hash", "device-2"), set("X-Request-Id", "r-2"))
		renamed.method, renamed.url = http.MethodPatch, renamed.url+"/"+id
		step(renamed)
		step(w.manage(t, http.MethodPost, "/"+id+"/disable"))
		step(w.manage(t, http.MethodPost, "/"+id+"/disable")) // changes nothing
		step(w.manage(t, http.MethodPost, "/"+id+"/enable"))
		rotated := step(w.rotate(t, id, `{"gracePeriodSeconds":60}`)).data(t)["secret"].(string)
		step(w.remove(t, id))

		a := do(t, w.events(t, id, ""))
		if diff := cmp.Diff([]string{"DELETED", "ROTATED", "ENABLED", "DISABLED", "UPDATED", "CREATED"}, a.types(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if strings.Contains(a.body, secret[24:]) || strings.Contains(a.body, rotated[24:]) || strings.Contains(strings.ToLower(a.body), "digest") {
			t.Error("the trail tells a secret")
		}
		mustHaveHeaders(t, a)

		a = do(t, w.events(t, id, "?page=4&size=1"))
		eventID := a.data(t)["items"].([]any)[0].(map[string]any)["eventId"].(string)
		want := `{"version":"1.3.0","timestamp":1774051206123,"success":true,"code":"2000","message":"SUCCESS","data":{"items":[{"eventId":"` + eventID + `","type":"UPDATED","at":"2026-03-21T00:00:01Z","accountId":"acc-7","portal":"PARTNER","clientHash":"device-2","ip":"127.0.0.1","requestId":"r-2","changes":[` +
			`{"field":"name","old":"k","new":"renamed"},{"field":"scopes","old":["a:b"],"new":[]},{"field":"ipWhitelist","old":[],"new":["10.0.0.0/8"]},{"field":"expiresAt","old":null,"new":"2027-01-01T00:00:00Z"}]}],"page":4,"size":1,"total":6}}`
		if diff := cmp.Diff(want, a.body); a.status != http.StatusOK || diff != "" {
			t.Errorf("%d (-want +got):\n%s", a.status, diff)
		}
		if got := do(t, w.events(t, id, "?page=6&size=1")); got.types(t) != nil || got.data(t)["total"] != 6.0 {
			t.Errorf("beyond the end: %s", got.body)
		}
	})
}

func TestListEvents_404(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, _ := w.newKey(t, keySpec{Name: "k"})
		mustNotFind(t, w, id, w.events)
		mustBe(t, do(t, w.events(t, id, "", as(w.token(t, role("ADMIN"))))), 403, "4030", "Only workspace owner can manage API keys")
	})
}

func TestListEvents_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKey(t, keySpec{Name: "k"})
	for query, want := range map[string][]string{
		"?page=-1&size=101": {"page range", "size range"},
		"?sort=at,asc":      {"sort unknown_field"},
		"?size=1&size=1":    {"size duplicate_field"},
	} {
		mustFail(t, do(t, w.events(t, id, query)), want)
	}
}
