package acceptance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// patch returns a valid request to change a key.
func (w *world) patch(t *testing.T, keyID, body string, changes ...func(*request)) request {
	t.Helper()
	r := w.create(t, body, changes...)
	r.method, r.url = http.MethodPatch, r.url+"/"+keyID
	return r
}

func TestUpdateKey_200_absentStaysAndNullClears(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}, IPWhitelist: []string{"10.0.0.0/8"}, ExpiresAt: at("2027-01-01T00:00:00Z")})
		for _, s := range []struct{ body, want, reason string }{
			{`{}`, `"name":"k","status":"ACTIVE","mode":"LIVE","permissions":["a:b"],"scopes":["a:b"],"ipWhitelist":["10.0.0.0/8"],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":"2027-01-01T00:00:00Z","rateLimits":[],"quota":null}}`, "IP_NOT_ALLOWED"},
			{`{"name":" renamed "}`, `"name":"renamed","status":"ACTIVE","mode":"LIVE","permissions":["a:b"],"scopes":["a:b"],"ipWhitelist":["10.0.0.0/8"],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":"2027-01-01T00:00:00Z","rateLimits":[],"quota":null}}`, "IP_NOT_ALLOWED"},
			{`{"ipWhitelist":null,"expiresAt":null}`, `"name":"renamed","status":"ACTIVE","mode":"LIVE","permissions":["a:b"],"scopes":["a:b"],"ipWhitelist":[],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":null,"rateLimits":[],"quota":null}}`, "OK"},
			{`{"scopes":[]}`, `"name":"renamed","status":"ACTIVE","mode":"LIVE","permissions":[],"scopes":[],"ipWhitelist":[],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":null,"rateLimits":[],"quota":null}}`, "INSUFFICIENT_SCOPE"},
		} {
			a := do(t, w.patch(t, id, s.body))
			want := `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":{"apiKeyId":"` + id + `",` + s.want
			if diff := cmp.Diff(want, withoutUse(a.body)); a.status != http.StatusOK || diff != "" {
				t.Errorf("%s: %d (-want +got):\n%s", s.body, a.status, diff)
			}
			if got := w.reason(t, secret); got != s.reason {
				t.Errorf("after %s the check says %s, want %s", s.body, got, s.reason)
			}
		}
	})
}

// withoutUse returns a key's body without its last use, because these tests do
// not control when it is written.
func withoutUse(body string) string {
	before, rest, found := strings.Cut(body, `"lastUsedAt":"`)
	if !found {
		return body
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + `"lastUsedAt":null` + after
}

func TestUpdateKey_412(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, _ := w.newKey(t, keySpec{Name: "k"})
		first := do(t, w.manage(t, http.MethodGet, "/"+id)).header.Get("ETag")
		a := do(t, w.patch(t, id, `{"name":"mine"}`, set("If-Match", `"other", `+first)))
		second := a.header.Get("ETag")
		if a.status != http.StatusOK || second == first || !strings.HasPrefix(second, `"`) {
			t.Fatalf("with the current tag: %d %s, ETag %s then %s", a.status, a.body, first, second)
		}
		if got := do(t, w.manage(t, http.MethodGet, "/"+id)).header.Get("ETag"); got != second {
			t.Errorf("get says ETag %s, the change said %s", got, second)
		}
		for _, stale := range []string{
			first, "W/" + second, `""`, "nonsense",
			strings.TrimSuffix(second, `"`), strings.TrimPrefix(second, `"`), `"`,
			`"other", *`, `"what looks, *, like a list"`,
		} {
			mustBe(t, do(t, w.patch(t, id, `{"name":"theirs"}`, set("If-Match", stale))), 412, "4120", "API key was changed by someone else")
		}
		if got := do(t, w.manage(t, http.MethodGet, "/"+id)).data(t)["name"]; got != "mine" {
			t.Errorf("name = %s", got)
		}
		if a := do(t, w.patch(t, id, `{"name":"any"}`, set("If-Match", "*"))); a.status != http.StatusOK {
			t.Errorf("If-Match *: %d", a.status)
		}
	})
}

func TestUpdateKey_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKey(t, keySpec{Name: "k"})
	for body, want := range map[string][]string{
		``:                                     {"syntax"},
		`[]`:                                   {"type"},
		`{"name":null}`:                        {"name type"},
		`{"name":""}`:                          {"name length"},
		`{"mode":2}`:                           {"mode unknown_field"},
		`{"scopes":["A"],"ipWhitelist":"x"}`:   {"scopes[0] format", "ipWhitelist type"},
		`{"expiresAt":"2026-03-21T00:00:00Z"}`: {"expiresAt in_past"},
		`{"name":"a","name":"b"}`:              {"name duplicate_field"},
	} {
		mustFail(t, do(t, w.patch(t, id, body, set("Content-Type", "application/json"))), want)
	}
}

func TestUpdateKey_404(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, id := range []string{"sk_live_0000000000000000", "nonsense"} {
		mustBe(t, do(t, w.patch(t, id, `{"name":"k"}`)), 404, "4040", "API key not found")
	}
}
