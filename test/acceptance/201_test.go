package acceptance

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

func TestCreateKey_201_answersTheContractsBody(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		a := do(t, w.create(t, `{"name":"  Production Key ","scopes":["payment:read","payment:write","payment:read"],"mode":1,"ipWhitelist":["192.168.1.0/24","2001:DB8::1"],"expiresAt":"2027-01-01T01:00:00.9+01:00"}`))
		if a.status != http.StatusCreated {
			t.Fatalf("status = %d, body %s", a.status, a.body)
		}
		id, secret := a.data(t)["apiKeyId"].(string), a.data(t)["secret"].(string)
		want := `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":{` +
			`"apiKeyId":"` + id + `","secret":"` + secret + `","name":"Production Key","status":"ACTIVE","mode":"LIVE",` +
			`"scopes":["payment:read","payment:write"],"ipWhitelist":["192.168.1.0/24","2001:db8::1"],` +
			`"createdAt":"2026-03-21T00:00:00Z","expiresAt":"2027-01-01T00:00:00Z"}}`
		if diff := cmp.Diff(want, a.body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
		mustHaveHeaders(t, a)
		if got, want := a.header.Get("Location"), keysPath+"/"+id; got != want {
			t.Errorf("Location = %q, want %q", got, want)
		}
		if !regexp.MustCompile(`^sk_live_[0-9A-Za-z]{16}$`).MatchString(id) {
			t.Errorf("apiKeyId = %q", id)
		}
		if _, err := domain.ParseSecret(secret); err != nil || !strings.HasPrefix(secret, id) {
			t.Error("the secret is not one of that key")
		}
	})
}

func TestCreateKey_201_leavesOutWhatWasNotAskedFor(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for _, body := range []string{
			`{"name":"k"}`,
			`{"name":"k","scopes":null,"mode":null,"ipWhitelist":null,"expiresAt":null}`,
			`{"name":"k","scopes":[],"ipWhitelist":[]}`,
		} {
			a := do(t, w.create(t, body))
			if a.status != http.StatusCreated {
				t.Fatalf("status = %d, body %s", a.status, a.body)
			}
			if !strings.Contains(a.body, `"mode":"LIVE","scopes":[],"ipWhitelist":[],"createdAt":"2026-03-21T00:00:00Z"}}`) {
				t.Errorf("body = %s", a.body)
			}
		}
	})
}

func TestCreateKey_201_makesTestKeysForThePartnerPortal(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		a := do(t, w.create(t, `{"name":"Sandbox","mode":2,"scopes":["payment:read"]}`))
		if a.status != http.StatusCreated || a.data(t)["mode"] != "TEST" || !strings.HasPrefix(a.data(t)["apiKeyId"].(string), "sk_test_") {
			t.Errorf("answer = %d %s", a.status, a.body)
		}
	})
}

func TestCreateKey_201_eachPortalMakesLiveKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, p := range []string{"SYSTEM", "TENANT", "PARTNER", "CONSUMER"} {
		if a := do(t, w.create(t, `{"name":"k","mode":1}`, as(w.token(t, portal(p))))); a.status != http.StatusCreated {
			t.Errorf("%s: %d %s", p, a.status, a.body)
		}
	}
}

func TestCreateKey_201_secretsDiffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	seen := map[any]bool{}
	for range 50 {
		data := do(t, w.create(t, `{"name":"same"}`)).data(t)
		if seen[data["apiKeyId"]] || seen[data["secret"]] {
			t.Fatalf("made twice: %v", data["apiKeyId"])
		}
		seen[data["apiKeyId"]], seen[data["secret"]] = true, true
	}
}

func TestCreateKey_201_takesEveryAllowedSpelling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tests := map[string]func(*request){
		"a charset":                   set("Content-Type", "application/json; charset=UTF-8"),
		"the scheme in another case":  func(r *request) { r.header["Authorization"][0] = "bEARER " + r.header["Authorization"][0][7:] },
		"any accepted type":           set("Accept", "*/*"),
		"any application type":        set("Accept", "text/html, application/*;q=0.5"),
		"an escaped path":             func(r *request) { r.url = strings.Replace(r.url, "ws_1", "ws%5F1", 1) },
		"the longest client hash":     set("X-Client-Hash", strings.Repeat("~", 256)),
		"an idempotency key":          set("Idempotency-Key", strings.Repeat("k", 255)),
		"an unknown query parameter":  func(r *request) { r.url += "?pretty" },
		"the longest name":            func(r *request) { r.body = `{"name":"` + strings.Repeat("é", 128) + `"}` },
		"an integer with a fraction":  func(r *request) { r.body = `{"name":"k","mode":2.0}` },
		"a name in another script":    func(r *request) { r.body = `{"name":"生产密钥 <&> 🔑"}` },
		"an IPv4-mapped address":      func(r *request) { r.body = `{"name":"k","ipWhitelist":["::ffff:10.0.0.1"]}` },
		"a hundred different scopes":  func(r *request) { r.body = `{"name":"k","scopes":` + scopes(100) + `}` },
		"white space around the body": func(r *request) { r.body = "\r\n\t {\"name\" : \"k\"} \n" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a := do(t, w.create(t, `{"name":"k"}`, change)); a.status != http.StatusCreated {
				t.Errorf("answer = %d %s", a.status, a.body)
			}
		})
	}
}

func TestCreateKey_201_echoesTheRequestID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, id := range []string{"r-1", strings.Repeat("x", 128)} {
		if a := do(t, w.create(t, `{"name":"k"}`, set("X-Request-Id", id))); a.header.Get("X-Request-Id") != id {
			t.Errorf("X-Request-Id = %q, want %q", a.header.Get("X-Request-Id"), id)
		}
	}
	for _, id := range []string{"", "with space", strings.Repeat("x", 129), "é"} {
		got := do(t, w.create(t, `{"name":"k"}`, set("X-Request-Id", id))).header.Get("X-Request-Id")
		if got == id || len(got) < 16 {
			t.Errorf("X-Request-Id = %q for %q, want one made by the service", got, id)
		}
	}
}

// scopes returns a JSON array of n different scopes.
func scopes(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "resource:action" + strings.Repeat("x", i)
	}
	text, _ := json.Marshal(list)
	return string(text)
}
