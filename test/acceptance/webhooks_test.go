package acceptance

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
)

const webhooksPath = "/web/v1/workspaces/" + workspace + "/webhooks"

// sealing configures a sealing key.
func sealing(cfg *config.Config) {
	cfg.SealingKeys = config.Secret("s1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("sealing!", 4))))
}

// onWebhooks returns a request on the webhooks of the workspace, below path.
func (w *world) onWebhooks(t *testing.T, method, path, body string, changes ...func(*request)) request {
	t.Helper()
	r := w.create(t, body, changes...)
	r.method, r.url = method, w.public+webhooksPath+path
	if body == "" {
		r.header.Del("Content-Type")
	}
	return r
}

// newWebhook creates a webhook and returns its identifier and secret.
func (w *world) newWebhook(t *testing.T, body string) (id, secret string) {
	t.Helper()
	a := do(t, w.onWebhooks(t, http.MethodPost, "", body))
	if a.status != http.StatusCreated {
		t.Fatalf("create a webhook: %d %s", a.status, a.body)
	}
	data := a.data(t)
	return data["webhookId"].(string), data["secret"].(string)
}

// webhookOf is a webhook in the contract's order, from its second member.
func webhookOf(url, events, description, enabled string) string {
	return `"url":"` + url + `","events":` + events + `,"description":"` + description + `",` + enabled + `,"createdAt":"2026-03-21T00:00:00Z","createdBy":"acc-7"}`
}

const success = `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":`

func TestWebhooks_Lifecycle(t *testing.T) {
	onEveryStoreWith(t, sealing, func(t *testing.T, w *world) {
		const url = "https://hooks.example.com/api-keys"
		a := do(t, w.onWebhooks(t, http.MethodPost, "", `{"url":"`+url+`","events":["api_key.created","api_key.disabled","api_key.created"],"description":"Paging"}`))
		data := a.data(t)
		id, secret := data["webhookId"].(string), data["secret"].(string)
		const events = `["api_key.created","api_key.disabled"]`
		want := success + `{"webhookId":"` + id + `","secret":"` + secret + `",` + webhookOf(url, events, "Paging", `"enabled":true,"disabledReason":null`) + `}`
		if diff := cmp.Diff(want, a.body); a.status != http.StatusCreated || diff != "" || a.header.Get("Location") != webhooksPath+"/"+id {
			t.Fatalf("%d, Location %q (-want +got):\n%s", a.status, a.header.Get("Location"), diff)
		}
		shown := success + `{"webhookId":"` + id + `",` + webhookOf(url, events, "Paging", `"enabled":true,"disabledReason":null`)
		if a := do(t, w.onWebhooks(t, http.MethodGet, "/"+id, "")); a.status != http.StatusOK || a.body != shown+`}` {
			t.Errorf("get: %d %s", a.status, a.body)
		}
		list := success + `{"items":[` + strings.TrimPrefix(shown, success) + `],"page":0,"size":20,"total":1}}`
		if a := do(t, w.onWebhooks(t, http.MethodGet, "", "")); a.status != http.StatusOK || a.body != list {
			t.Errorf("list: %d (-want +got):\n%s", a.status, cmp.Diff(list, a.body))
		}

		rotated := do(t, w.onWebhooks(t, http.MethodPost, "/"+id+"/rotate", ""))
		if s, _ := rotated.data(t)["secret"].(string); rotated.status != http.StatusOK || s == secret || !strings.HasPrefix(s, "whsec_") {
			t.Errorf("rotate: %d", rotated.status)
		}

		keyID, _ := w.newKey(t, keySpec{Name: "k"})
		w.disableKey(t, keyID)
		if a := do(t, w.onWebhooks(t, http.MethodPost, "/"+id+"/test", "")); a.status != http.StatusAccepted || a.data0(t) != nil {
			t.Errorf("test: %d %s", a.status, a.body)
		}
		deliveries := func(query string) (items []map[string]any) {
			t.Helper()
			a := do(t, w.onWebhooks(t, http.MethodGet, "/"+id+"/deliveries"+query, ""))
			if a.status != http.StatusOK {
				t.Fatalf("deliveries: %d %s", a.status, a.body)
			}
			for _, item := range a.data(t)["items"].([]any) {
				items = append(items, item.(map[string]any))
			}
			return items
		}
		var types []string
		for _, d := range deliveries("") {
			types = append(types, d["eventType"].(string))
			if key := d["apiKeyId"]; key != nil && key != keyID || (key == nil) != (d["eventType"] == "webhook.test") {
				t.Errorf("delivery = %v", d)
			}
		}
		slices.Sort(types)
		if !slices.Equal(types, []string{"api_key.created", "api_key.disabled", "webhook.test"}) {
			t.Errorf("deliveries are %v", types)
		}

		off := do(t, w.onWebhooks(t, http.MethodPatch, "/"+id, `{"enabled":false,"events":null,"description":null}`))
		want = success + `{"webhookId":"` + id + `",` + webhookOf(url, "[]", "", `"enabled":false,"disabledReason":"OWNER"`) + `}`
		if diff := cmp.Diff(want, off.body); off.status != http.StatusOK || diff != "" {
			t.Errorf("disable: %d (-want +got):\n%s", off.status, diff)
		}
		dropped := deliveries("?status=DROPPED")
		if len(dropped) != 3 || dropped[0]["nextAttemptAt"] != nil || len(deliveries("?status=PENDING")) != 0 {
			t.Fatalf("after it was disabled: %v", dropped)
		}
		retry := w.onWebhooks(t, http.MethodPost, "/"+id+"/deliveries/"+dropped[0]["deliveryId"].(string)+"/retry", "")
		conflict := "Request conflicts with the state of the API key"
		mustBe(t, do(t, retry), 409, "4090", conflict)
		mustBe(t, do(t, w.onWebhooks(t, http.MethodPost, "/"+id+"/test", "")), 409, "4090", conflict)
		do(t, w.onWebhooks(t, http.MethodPatch, "/"+id, `{"enabled":true}`))
		if a := do(t, retry); a.status != http.StatusAccepted {
			t.Errorf("retry: %d %s", a.status, a.body)
		}
		if d := deliveries("?status=PENDING"); len(d) != 1 || d[0]["deliveryId"] != dropped[0]["deliveryId"] {
			t.Errorf("after the retry: %v", d)
		}

		if a := do(t, w.onWebhooks(t, http.MethodPost, "/delete", `{"webhookId":"`+id+`"}`)); a.status != http.StatusNoContent || a.body != "" {
			t.Errorf("delete: %d %s", a.status, a.body)
		}
		for _, r := range []request{
			w.onWebhooks(t, http.MethodGet, "/"+id, ""), w.onWebhooks(t, http.MethodGet, "/"+id+"/deliveries", ""),
			w.onWebhooks(t, http.MethodPatch, "/"+id, `{}`), w.onWebhooks(t, http.MethodPost, "/"+id+"/rotate", ""),
			w.onWebhooks(t, http.MethodPost, "/"+id+"/test", ""), retry, w.onWebhooks(t, http.MethodPost, "/delete", `{"webhookId":"`+id+`"}`),
		} {
			mustBe(t, do(t, r), 404, "4042", "Webhook not found")
		}
	})
}

// data0 returns the payload, which may be null.
func (a answer) data0(t *testing.T) any {
	t.Helper()
	return a.fields(t)["data"]
}

func TestWebhooks_IdempotencyKey(t *testing.T) {
	onEveryStoreWith(t, sealing, func(t *testing.T, w *world) {
		create := w.onWebhooks(t, http.MethodPost, "", `{"url":"https://hooks.example.com"}`, set("Idempotency-Key", "webhook-1"))
		first, second := do(t, create), do(t, create)
		if second.status != http.StatusCreated || second.header.Get("Idempotent-Replayed") != "true" || second.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("repeat: %d, %v", second.status, second.header)
		}
		secret := `"secret":"` + first.data(t)["secret"].(string) + `",`
		if diff := cmp.Diff(strings.Replace(first.body, secret, "", 1), second.body); diff != "" {
			t.Errorf("a repeat differs by more than the secret (-first +second):\n%s", diff)
		}
		create.body = `{"url":"https://other.example.com"}`
		mustBe(t, do(t, create), 409, "4091", "Idempotency-Key was used with a different request")

		id := first.data(t)["webhookId"].(string)
		for path, body := range map[string]string{"/" + id + "/rotate": "", "/" + id + "/test": ""} {
			r := w.onWebhooks(t, http.MethodPost, path, body, set("Idempotency-Key", "key of "+path[1:4]+path[len(path)-4:]))
			r.header.Set("Idempotency-Key", "key-of-"+path[len(path)-4:])
			one, two := do(t, r), do(t, r)
			if one.status >= 300 || two.status != one.status || two.header.Get("Idempotent-Replayed") != "true" || strings.Contains(two.body, "whsec_") {
				t.Errorf("%s: %d %d", path, one.status, two.status)
			}
		}
		a := do(t, w.onWebhooks(t, http.MethodGet, "/"+id+"/deliveries", ""))
		if total := a.data(t)["total"]; total != float64(1) {
			t.Errorf("%v deliveries of a test that was repeated", total)
		}
	})
}

func TestWebhooks_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sealing)
	id, _ := w.newWebhook(t, `{"url":"https://hooks.example.com"}`)
	long := strings.Repeat("x", 257)
	cases := map[string]struct {
		method, path, body string
		faults             []string
	}{
		"nothing":                                 {"POST", "", `{}`, []string{"url required"}},
		"wrong types":                             {"POST", "", `{"description":1,"events":"all","url":null}`, []string{"description type", "events type", "url type"}},
		"everything at once":                      {"POST", "", `{"events":["api_key.created","api_key.gone",1],"url":"ftp://x","description":"` + long + `","secret":"s"}`, []string{"events[1] range", "events[2] type", "url format", "description length", "secret unknown_field"}},
		"a test is no subscription":               {"POST", "", `{"url":"https://hooks.example.com","events":["webhook.test"]}`, []string{"events[0] range"}},
		"a null URL and enabled":                  {"PATCH", "/" + id, `{"url":null,"enabled":null}`, []string{"url type", "enabled type"}},
		"a patch of no webhook":                   {"PATCH", "/wh_0", `{"enabled":1}`, []string{"enabled type"}},
		"deletion of nothing":                     {"POST", "/delete", `{}`, []string{"webhookId required"}},
		"an unknown status":                       {"GET", "/" + id + "/deliveries?status=SENT&size=0", "", []string{"status range", "size range"}},
		"a parameter that lists of webhooks lack": {"GET", "?status=PENDING", "", []string{"status unknown_field"}},
	}
	for url, reason := range map[string]string{
		"http://hooks.example.com": "format", "https://hooks.example.com:444": "range", "https://user@hooks.example.com": "format",
		"https://hooks.example.com/#f": "format", "https://": "format", "https://10.0.0.1": "range", "https://[::1]:8443/": "range",
		"https://169.254.169.254/latest": "range", "https://localhost": "range", "https://a.LOCALHOST.": "range", "https://127.1": "range",
		"https://0x7f000001": "range", "https://2130706433": "range", "https://[::ffff:127.0.0.1]": "range", "https://example.com:": "format",
		"https://ex\u00e4mple.com": "characters", "/relative": "format", "": "length", "https://example.com/" + strings.Repeat("x", 2030): "length",
	} {
		cases["the URL "+url] = struct {
			method, path, body string
			faults             []string
		}{"POST", "", fmt.Sprintf(`{"url":%q}`, url), []string{"url " + reason}}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := do(t, w.onWebhooks(t, c.method, c.path, c.body))
			if got := a.faults(t); a.status != 400 || !slices.Equal(got, c.faults) {
				t.Errorf("%d %v, want %v", a.status, got, c.faults)
			}
		})
	}
}

func TestWebhooks_201_ofPublicAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sealing)
	for _, url := range []string{"https://hooks.example.com:8443/a?b=c", "https://1.1.1.1", "https://[2606:4700:4700::1111]:443/", "https://xn--exmple-cua.com"} {
		w.newWebhook(t, fmt.Sprintf(`{"url":%q,"events":[],"description":null}`, url))
	}
	insecure := newWorld(t, func(cfg *config.Config) { sealing(cfg); cfg.WebhookInsecure = true })
	insecure.newWebhook(t, `{"url":"http://127.0.0.1:3000/hook"}`)
}

func TestWebhooks_401_403_405(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sealing)
	id, _ := w.newWebhook(t, `{"url":"https://hooks.example.com"}`)
	for _, r := range w.webhookOperations(t, id, "dlv_1") {
		if r.body != "" {
			r.body = `{` // is judged later
		}
		as(w.token(t, role("ADMIN")))(&r)
		mustBe(t, do(t, r), 403, "4030", "Only workspace owner can manage API keys")
		without("Authorization")(&r)
		mustBe(t, do(t, r), 401, "4010", "Invalid or expired token")
		r.method = http.MethodPut
		if a := do(t, r); a.status != http.StatusMethodNotAllowed {
			t.Errorf("PUT %s: %d", r.url, a.status)
		}
	}
	if a := do(t, w.onWebhooks(t, "GET", "/delete", "")); a.status != 405 || a.header.Get("Allow") != "POST" {
		t.Errorf("GET delete: %d, Allow %q", a.status, a.header.Get("Allow"))
	}
	other := w.onWebhooks(t, "GET", "/"+id, "", as(w.token(t, func(c *jwttest.Claims) { c.Workspaces = map[string]string{"ws_2": "OWNER"} })), set("X-Workspace-Id", "ws_2"))
	other.url = w.public + "/web/v1/workspaces/ws_2/webhooks/" + id
	mustBe(t, do(t, other), 404, "4042", "Webhook not found")
}

func TestWebhooks_409_TooManyOrNotSetUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sealing)
	for range 10 {
		w.newWebhook(t, `{"url":"https://hooks.example.com"}`)
	}
	mustBe(t, do(t, w.onWebhooks(t, "POST", "", `{"url":"https://hooks.example.com"}`)), 409, "4093", "Workspace has reached its number of webhooks")

	unsealed := newWorld(t, nil)
	mustBe(t, do(t, unsealed.onWebhooks(t, "POST", "", `{"url":"https://hooks.example.com"}`)), 409, "4094", "Webhooks are not set up on this service")
	if a := do(t, unsealed.onWebhooks(t, "POST", "", `{}`)); a.status != 400 {
		t.Errorf("a malformed body: %d", a.status)
	}
	if a := do(t, unsealed.onWebhooks(t, "GET", "", "")); a.status != 200 || a.data(t)["total"] != float64(0) {
		t.Errorf("list: %d %s", a.status, a.body)
	}
}
