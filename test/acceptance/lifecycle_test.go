package acceptance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
)

// manage returns a valid request on the keys of the workspace, without a body.
func (w *world) manage(t *testing.T, method, rest string, changes ...func(*request)) request {
	t.Helper()
	r := w.create(t, "", changes...)
	r.method, r.url = method, r.url+rest
	return r
}

// remove returns a valid request to delete a key.
func (w *world) remove(t *testing.T, keyID string, changes ...func(*request)) request {
	t.Helper()
	r := w.create(t, `{"keyId":"`+keyID+`"}`, changes...)
	r.url += "/delete"
	return r
}

// reason returns the result of the permission check of a key.
func (w *world) reason(t *testing.T, secret string) string {
	t.Helper()
	return do(t, w.verify(`{"key":"`+secret+`"}`)).data(t)["reason"].(string)
}

func TestGetKey_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		full, _ := w.newKey(t, keySpec{
			Name: "Full", Scopes: []string{"a:b"}, Mode: domain.ModeTest, IPWhitelist: []string{"10.0.0.0/8"}, ExpiresAt: at("2027-01-01T00:00:00Z"),
		})
		bare, _ := w.newKey(t, keySpec{Name: "Bare"})
		for _, tt := range []struct{ id, want string }{
			{full, `"name":"Full","status":"ACTIVE","mode":"TEST","permissions":["a:b"],"scopes":["a:b"],"ipWhitelist":["10.0.0.0/8"],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":"2027-01-01T00:00:00Z","rateLimits":[],"quota":null}}`},
			{bare, `"name":"Bare","status":"ACTIVE","mode":"LIVE","permissions":[],"scopes":[],"ipWhitelist":[],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":null,"rateLimits":[],"quota":null}}`},
		} {
			a := do(t, w.manage(t, http.MethodGet, "/"+tt.id))
			want := `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":{"apiKeyId":"` + tt.id + `",` + tt.want
			if diff := cmp.Diff(want, a.body); a.status != http.StatusOK || diff != "" {
				t.Errorf("%d (-want +got):\n%s", a.status, diff)
			}
			mustHaveHeaders(t, a)
		}
	})
}

func TestLifecycle_TakesEffectBeforeTheResponse(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
		for range 2 { // the second time it has no effect
			for _, s := range []struct{ action, reason, status string }{
				{"disable", "DISABLED", "DISABLED"},
				{"disable", "DISABLED", "DISABLED"},
				{"enable", "OK", "ACTIVE"},
				{"enable", "OK", "ACTIVE"},
			} {
				w.reason(t, secret) // so that the key is cached as it was
				a := do(t, w.manage(t, http.MethodPost, "/"+id+"/"+s.action))
				if a.status != http.StatusOK || !strings.HasSuffix(a.body, `"message":"SUCCESS","data":null}`) {
					t.Fatalf("%s: %d %s", s.action, a.status, a.body)
				}
				if got := w.reason(t, secret); got != s.reason {
					t.Errorf("after %s the check says %s, want %s", s.action, got, s.reason)
				}
				if got := w.getKey(t, id).Status; string(got) != s.status {
					t.Errorf("after %s the status is %s, want %s", s.action, got, s.status)
				}
			}
		}
		if a := do(t, w.remove(t, id)); a.status != http.StatusNoContent || a.body != "" {
			t.Fatalf("delete: %d %q", a.status, a.body)
		}
		if got := w.reason(t, secret); got != "NOT_FOUND" {
			t.Errorf("after delete the check says %s", got)
		}
		for name, r := range map[string]request{
			"get":     w.manage(t, http.MethodGet, "/"+id),
			"disable": w.manage(t, http.MethodPost, "/"+id+"/disable"),
			"enable":  w.manage(t, http.MethodPost, "/"+id+"/enable"),
			"delete":  w.remove(t, id),
		} {
			t.Log(name)
			mustBe(t, do(t, r), 404, "4040", "API key not found")
		}
	})
}

func TestLifecycle_404_tellsNothingOfOtherWorkspaces(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
		other := as(w.token(t, func(c *jwttest.Claims) { c.Workspaces = map[string]string{"ws_2": "OWNER"} }))
		elsewhere := func(r *request) {
			other(r)
			set("X-Workspace-Id", "ws_2")(r)
			r.url = strings.Replace(r.url, "/ws_1/", "/ws_2/", 1)
		}
		for _, keyID := range []string{id, "sk_live_0000000000000000", "nonsense", "sk_live_000000000000000%20", strings.Repeat("x", 5000)} {
			for _, r := range []request{
				w.manage(t, http.MethodGet, "/"+keyID, elsewhere),
				w.manage(t, http.MethodPost, "/"+keyID+"/disable", elsewhere),
				w.manage(t, http.MethodPost, "/"+keyID+"/enable", elsewhere),
				w.remove(t, keyID, elsewhere),
			} {
				mustBe(t, do(t, r), 404, "4040", "API key not found")
			}
		}
		if got := w.reason(t, secret); got != "OK" {
			t.Errorf("after all that the check says %s", got)
		}
	})
}

func TestLifecycle_403_notAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKey(t, keySpec{Name: "k"})
	viewer := as(w.token(t, role("VIEWER")))
	for _, keyID := range []string{id, "sk_live_0000000000000000", "nonsense"} {
		for _, r := range []request{
			w.manage(t, http.MethodGet, "/"+keyID, viewer),
			w.manage(t, http.MethodPost, "/"+keyID+"/disable", viewer),
			w.manage(t, http.MethodPost, "/"+keyID+"/enable", viewer),
			w.remove(t, keyID, viewer),
		} {
			mustBe(t, do(t, r), 403, "4030", "Only workspace owner can manage API keys")
		}
	}
}

func TestDeleteKey_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for body, want := range map[string][]string{
		``:                       {"syntax"},
		`[]`:                     {"type"},
		`{}`:                     {"keyId required"},
		`{"keyId":null}`:         {"keyId type"},
		`{"keyId":7}`:            {"keyId type"},
		`{"keyId":"x","why":""}`: {"why unknown_field"},
	} {
		r := w.create(t, body)
		r.url += "/delete"
		mustFail(t, do(t, r), want)
	}
}

func TestLifecycle_405(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for rest, allow := range map[string]string{
		"/sk_live_0000000000000000":         "GET, PATCH",
		"/sk_live_0000000000000000/disable": "POST",
		"/sk_live_0000000000000000/enable":  "POST",
	} {
		a := do(t, w.manage(t, http.MethodPut, rest))
		mustBe(t, a, 405, "4050", "Method not allowed")
		if got := a.header.Get("Allow"); got != allow {
			t.Errorf("%s: Allow = %q, want %q", rest, got, allow)
		}
	}
}

// The word is an operation, not a key, so it has none of a key's methods.
func TestDeleteKey_405(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, method := range []string{"GET", "PATCH", "DELETE", "OPTIONS", "BREW"} {
		a := do(t, w.manage(t, method, "/delete"))
		mustBe(t, a, 405, "4050", "Method not allowed")
		if got := a.header.Get("Allow"); got != "POST" {
			t.Errorf("%s: Allow = %q, want POST", method, got)
		}
	}
}
