package acceptance

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/reporter"
)

// leaked returns a report of leaked secrets from an address.
func (w *world) leaked(from, body string, changes ...func(*request)) request {
	r := request{
		method: http.MethodPost, url: w.public + "/web/v1/leaks", body: body,
		header: http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {from}, "X-Request-Id": {"report-1"}},
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

// reported sends a report until its work is done in time: on a busy machine it may be
// answered 503, after which the contract has it sent again.
func reported(t *testing.T, r request) answer {
	t.Helper()
	for {
		if a := do(t, r); a.status != http.StatusServiceUnavailable || t.Context().Err() != nil {
			return a
		}
	}
}

// trail lists the events of a key, newest first, each as type, account, portal, address
// and changes.
func (w *world) trail(t *testing.T, id string) []string {
	t.Helper()
	a := do(t, w.create(t, "", func(r *request) { r.method, r.url = http.MethodGet, r.url+"/"+id+"/events" }))
	if a.status != http.StatusOK {
		t.Fatalf("the trail: %d %s", a.status, a.body)
	}
	var list []string
	for _, item := range a.data(t)["items"].([]any) {
		event := item.(map[string]any)
		changes, _ := json.Marshal(event["changes"])
		ip, _ := event["ip"].(string)
		list = append(list, strings.Join([]string{
			event["type"].(string), event["accountId"].(string), event["portal"].(string), ip, string(changes),
		}, " "))
	}
	return list
}

// trusting makes the test a trusted proxy.
func trusting(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.1/32"} }

const receivedBody = `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":{"received":`

func TestLeaks_202_andTheKeyIsDisabled(t *testing.T) {
	onEveryStoreWith(t, trusting, func(t *testing.T, w *world) {
		key := do(t, w.create(t, `{"name":"k","scopes":["a:b"]}`)).data(t)
		id, secret := key["apiKeyId"].(string), key["secret"].(string)
		if got := w.reason(t, secret); got != "OK" {
			t.Fatal(got)
		}
		body := `{"secrets":["no secret","` + unknownSecret(t) + `","` + forged(id) + `"],"source":null}`
		if a := reported(t, w.leaked("192.0.2.7", body)); a.status != http.StatusAccepted || a.body != receivedBody+`3}}` {
			t.Errorf("secrets that are not ours: %d %s", a.status, a.body)
		}
		if got := w.reason(t, secret); got != "OK" {
			t.Errorf("a forged secret: %s", got)
		}
		body = `{"source":"https://paste.example/?q=` + secret + `","secrets":["` + secret + `"]}`
		a := reported(t, w.leaked("192.0.2.7", body))
		if a.status != http.StatusAccepted || a.body != receivedBody+`1}}` {
			t.Errorf("a secret of ours: %d %s", a.status, a.body)
		}
		mustHaveHeaders(t, a)
		if got := w.reason(t, secret); got != "DISABLED" {
			t.Errorf("the leaked secret: %s", got)
		}
		reported(t, w.leaked("192.0.2.8", body))
		want := []string{
			`KEY_LEAKED leak-report SYSTEM 192.0.2.7 [{"field":"source","new":"https://paste.example/?q=` + id + `…","old":null}]`,
			`DISABLED leak-report SYSTEM 192.0.2.7 [{"field":"status","new":"DISABLED","old":"ACTIVE"}]`,
		}
		if diff := cmp.Diff(want, w.trail(t, id)[:2]); diff != "" {
			t.Errorf("trail (-want +got):\n%s", diff)
		}
		if n := len(w.trail(t, id)); n != 3 {
			t.Errorf("a second report adds to the trail: %d events", n)
		}
		do(t, w.create(t, "", func(r *request) { r.url += "/" + id + "/enable" }))
		reported(t, w.leaked("192.0.2.8", body))
		if got := w.reason(t, secret); got != "DISABLED" {
			t.Errorf("reported again after it was enabled: %s", got)
		}
	})
}

func TestLeaks_202_underThePolicyToReport(t *testing.T) {
	onEveryStoreWith(t, func(cfg *config.Config) {
		trusting(cfg)
		cfg.LeakedLiveKeys = config.LeakedReport
	}, func(t *testing.T, w *world) {
		live := do(t, w.create(t, `{"name":"k","scopes":["a:b"]}`)).data(t)
		test := do(t, w.create(t, `{"name":"k","scopes":["a:b"],"mode":2}`)).data(t)
		old := do(t, w.create(t, `{"name":"k","scopes":["a:b"]}`)).data(t)
		current := do(t, w.rotate(t, old["apiKeyId"].(string), `{"gracePeriodSeconds":3600}`)).data(t)
		var secrets []string
		for _, key := range []map[string]any{live, test, old} {
			secrets = append(secrets, key["secret"].(string))
		}
		body, _ := json.Marshal(map[string]any{"secrets": secrets})
		if a := reported(t, w.leaked("192.0.2.7", string(body))); a.status != http.StatusAccepted || a.body != receivedBody+`3}}` {
			t.Errorf("%d %s", a.status, a.body)
		}
		for name, c := range map[string]struct {
			key           map[string]any
			reason, event string
		}{
			"a LIVE key":                    {live, "OK", "KEY_LEAKED leak-report SYSTEM 192.0.2.7 []"},
			"a TEST key":                    {test, "DISABLED", "KEY_LEAKED leak-report SYSTEM 192.0.2.7 []"},
			"a superseded secret":           {old, "NOT_FOUND", "KEY_LEAKED leak-report SYSTEM 192.0.2.7 []"},
			"the current secret of its key": {current, "OK", "KEY_LEAKED leak-report SYSTEM 192.0.2.7 []"},
		} {
			if got := w.reason(t, c.key["secret"].(string)); got != c.reason {
				t.Errorf("%s: %s, want %s", name, got, c.reason)
			}
			if got := w.trail(t, c.key["apiKeyId"].(string))[0]; got != c.event {
				t.Errorf("%s: the trail has %s", name, got)
			}
		}
	})
}

func TestLeaks_400_413_415(t *testing.T) {
	t.Parallel()
	w := newWorld(t, trusting)
	many := `"x"` + strings.Repeat(`,"x"`, 99)
	if a := reported(t, w.leaked("192.0.2.7", `{"secrets":[`+many+`]}`)); a.status != http.StatusAccepted {
		t.Errorf("100 secrets: %d %s", a.status, a.body)
	}
	for body, want := range map[string][]string{
		``:                                {"syntax"},
		`[]`:                              {"type"},
		`{}`:                              {"secrets required"},
		`{"secrets":null}`:                {"secrets type"},
		`{"secrets":[]}`:                  {"secrets length"},
		`{"secrets":[` + many + `,"x"]}`:  {"secrets too_many"},
		`{"secrets":["x",1]}`:             {"secrets[1] type"},
		`{"secrets":["x"],"more":1}`:      {"more unknown_field"},
		`{"secrets":["x"],"source":1}`:    {"source type"},
		`{"secrets":["x"],"source":"\t"}`: {"source characters"},
		`{"secrets":["x"],"source":"` + strings.Repeat("x", 2049) + `"}`: {"source length"},
	} {
		a := reported(t, w.leaked("192.0.2.8", body))
		if diff := cmp.Diff(want, a.faults(t)); a.status != http.StatusBadRequest || diff != "" {
			t.Errorf("%.60s: %d (-want +got):\n%s", body, a.status, diff)
		}
	}
	valid := `{"secrets":["x"]}`
	mustBe(t, do(t, w.leaked("192.0.2.9", valid, without("Content-Type"))), 415, "4150", "Content-Type must be application/json")
	mustBe(t, do(t, w.leaked("192.0.2.9", valid, set("Content-Type", "text/plain"))), 415, "4150", "Content-Type must be application/json")
	mustBe(t, do(t, w.leaked("192.0.2.9", `"`+strings.Repeat("x", 64<<10)+`"`)), 413, "4130", "Request body is too large")
	// No other header matters.
	if a := reported(t, w.leaked("192.0.2.9", valid, set("Accept", "text/html"), set("Authorization", "Bearer nonsense"))); a.status != http.StatusAccepted {
		t.Errorf("with other headers: %d %s", a.status, a.body)
	}
}

func TestLeaks_429_beyondTheRateOfTheAddress(t *testing.T) {
	t.Parallel()
	github := reporter.New(t)
	w := newWorld(t, func(cfg *config.Config) {
		trusting(cfg)
		cfg.LeakRate, cfg.GitHubKeysURL = 3, github.URL
	})
	reported(t, w.leaked("192.0.2.7", `{}`))                                      // also counts
	reported(t, w.leaked("192.0.2.7", `{"secrets":["x"]}`, set("Accept", "x/y"))) // also counts
	unsigned := w.leaked("192.0.2.7", `[]`, func(r *request) { r.url += "/github" })
	mustBe(t, do(t, unsigned), 401, "4012", "Signature of the report is not valid")
	mustBeLimited(t, reported(t, w.leaked("192.0.2.7", `{"secrets":["x"]}`)), "20")
	mustBeLimited(t, do(t, unsigned), "20")
	if a := do(t, w.fromGitHub(github, "192.0.2.7", `[]`)); a.status != http.StatusOK {
		t.Errorf("a signed report: %d %s", a.status, a.body)
	}
	if a := reported(t, w.leaked("192.0.2.8", `{"secrets":["x"]}`)); a.status != http.StatusAccepted {
		t.Errorf("another address: %d %s", a.status, a.body)
	}
	w.clock.Set(now.Add(20 * time.Second))
	if a := reported(t, w.leaked("192.0.2.7", `{"secrets":["x"]}`)); a.status != http.StatusAccepted {
		t.Errorf("when Retry-After says: %d %s", a.status, a.body)
	}
	if metrics := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"}).body; !strings.Contains(metrics, `apikeys_rate_limited_total{limit="leaks"} 2`) {
		t.Error("the refused reports are not counted")
	}
}

// fromGitHub returns a signed report.
func (w *world) fromGitHub(github *reporter.GitHub, from, body string) request {
	return w.leaked(from, body, func(r *request) {
		r.url += "/github"
		r.header.Set("Github-Public-Key-Identifier", reporter.Identifier)
		r.header.Set("Github-Public-Key-Signature", github.Sign([]byte(body)))
	})
}

func TestLeaksGitHub_200(t *testing.T) {
	github := reporter.New(t)
	onEveryStoreWith(t, func(cfg *config.Config) {
		trusting(cfg)
		cfg.GitHubKeysURL = github.URL
	}, func(t *testing.T, w *world) {
		live := do(t, w.create(t, `{"name":"k","scopes":["a:b"]}`)).data(t)
		deleted := do(t, w.create(t, `{"name":"k"}`)).data(t)
		do(t, w.create(t, `{"keyId":"`+deleted["apiKeyId"].(string)+`"}`, func(r *request) { r.url += "/delete" }))
		rotated := do(t, w.create(t, `{"name":"k"}`)).data(t)
		do(t, w.rotate(t, rotated["apiKeyId"].(string), ``))
		untouched := do(t, w.create(t, `{"name":"k"}`)).data(t)
		tokens := []string{
			live["secret"].(string), deleted["secret"].(string), rotated["secret"].(string),
			forged(untouched["apiKeyId"].(string)), unknownSecret(t), "some_token",
		}
		var report []map[string]any
		for i, token := range tokens {
			report = append(report, map[string]any{"token": token, "type": "t" + strconv.Itoa(i), "url": "https://github.com/o/r/blob/main/.env", "further": 1})
		}
		body, _ := json.Marshal(report)
		a := reported(t, w.fromGitHub(github, "192.0.2.7", string(body)))
		var got []map[string]string
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
		var want []map[string]string
		for i, label := range []string{"true_positive", "true_positive", "true_positive", "false_positive", "false_positive", "false_positive"} {
			want = append(want, map[string]string{"token_hash": sha256Hex(tokens[i]), "token_type": "t" + strconv.Itoa(i), "label": label})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		if reason := w.reason(t, tokens[0]); reason != "DISABLED" {
			t.Errorf("the reported secret: %s", reason)
		}
		wantEvent := `KEY_LEAKED leak-report SYSTEM 192.0.2.7 [{"field":"source","new":"https://github.com/o/r/blob/main/.env","old":null}]`
		if event := w.trail(t, live["apiKeyId"].(string))[0]; event != wantEvent {
			t.Errorf("the trail has %s", event)
		}
	})
}

func TestLeaksGitHub_400_401_404(t *testing.T) {
	t.Parallel()
	github := reporter.New(t)
	w := newWorld(t, func(cfg *config.Config) { cfg.GitHubKeysURL = github.URL })
	for _, body := range []string{`{}`, `[1]`, `[{}]`, `[{"token":1}]`, `[{"token":""}]`, `[{"token":"x","url":1}]`} {
		a := do(t, w.fromGitHub(github, "192.0.2.7", body))
		if diff := cmp.Diff([]string{"format"}, a.faults(t)); a.status != http.StatusBadRequest || diff != "" {
			t.Errorf("%s: %d (-want +got):\n%s", body, a.status, diff)
		}
	}
	valid := w.fromGitHub(github, "192.0.2.7", `[]`)
	for name, change := range map[string]func(*request){
		"no signature":      without("Github-Public-Key-Signature"),
		"another body":      func(r *request) { r.body = `[ ]` },
		"an unknown key":    set("Github-Public-Key-Identifier", "k2"),
		"two signatures":    set("Github-Public-Key-Signature", valid.header.Get("Github-Public-Key-Signature"), "x"),
		"another signature": set("Github-Public-Key-Signature", github.Sign([]byte(`{}`))),
	} {
		r := valid
		r.header = valid.header.Clone()
		change(&r)
		a := do(t, r)
		mustBe(t, a, 401, "4012", "Signature of the report is not valid")
		if got := a.header.Get("WWW-Authenticate"); got != "Signature" {
			t.Errorf("%s: WWW-Authenticate is %q", name, got)
		}
	}
	off := newWorld(t, nil)
	mustBe(t, do(t, off.fromGitHub(github, "192.0.2.7", `[]`)), 404, "4041", "No such endpoint")
	unreachable := newWorld(t, func(cfg *config.Config) { cfg.GitHubKeysURL = "http://127.0.0.1:1/keys" })
	mustBe(t, do(t, unreachable.fromGitHub(github, "192.0.2.7", `[]`)), 503, "5030", "Service temporarily unavailable")
}

func TestLeaksTrufflehog(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		status := func(body string, changes ...func(*request)) int {
			r := request{method: http.MethodPost, url: w.internal + "/internal/v1/leaks/trufflehog", body: body, header: http.Header{}}
			for _, change := range changes {
				change(&r)
			}
			return do(t, r).status
		}
		detected := func(secrets ...string) string {
			body, _ := json.Marshal(map[string]any{"slaunchx-api-key": map[string]any{"token": secrets}})
			return string(body)
		}
		// Neither scopes nor addresses matter.
		key := do(t, w.create(t, `{"name":"k","ipWhitelist":["192.0.2.1"]}`)).data(t)
		id, old := key["apiKeyId"].(string), key["secret"].(string)
		current := do(t, w.rotate(t, id, `{"gracePeriodSeconds":60}`)).data(t)["secret"].(string)
		for name, c := range map[string]struct {
			body string
			want int
		}{
			"a live secret":                    {detected(current), 200},
			"a secret within its grace period": {detected(old), 200},
			"one of several":                   {detected("x", unknownSecret(t), current), 200},
			"none":                             {detected("x", unknownSecret(t), forged(id)), 403},
			"no detector":                      {`{}`, 400},
			"two detectors":                    {`{"a":{"token":["x"]},"b":{"token":["x"]}}`, 400},
			"another name":                     {`{"a":{"tokens":["x"]}}`, 400},
			"a further name":                   {`{"a":{"token":["x"],"id":["x"]}}`, 400},
			"no secrets":                       {`{"a":{"token":[]}}`, 400},
			"a number":                         {`{"a":{"token":[1]}}`, 400},
			"a list":                           {`["x"]`, 400},
			"no JSON":                          {`x`, 400},
		} {
			if got := status(c.body); got != c.want {
				t.Errorf("%s: %d, want %d", name, got, c.want)
			}
		}
		w.clock.Set(now.Add(time.Minute))
		if got := status(detected(old)); got != 403 {
			t.Errorf("a secret whose grace period has ended: %d", got)
		}
		do(t, w.create(t, "", as(w.token(t, func(*jwttest.Claims) {})), func(r *request) { r.url += "/" + id + "/disable" }))
		if got := status(detected(current)); got != 403 {
			t.Errorf("a secret of a disabled key: %d", got)
		}
	})
}

func TestLeaksTrufflehog_RequiresTheInternalToken(t *testing.T) {
	t.Parallel()
	const token = "the-internal-token-of-this-test-"
	w := newWorld(t, func(cfg *config.Config) { cfg.InternalToken = token })
	r := request{method: http.MethodPost, url: w.internal + "/internal/v1/leaks/trufflehog", body: `{"a":{"token":["x"]}}`, header: http.Header{}}
	mustBe(t, do(t, r), 401, "4010", "Invalid or expired token")
	r.header.Set("X-Internal-Token", token)
	if a := do(t, r); a.status != http.StatusForbidden || a.body != "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	r.url = w.public + "/internal/v1/leaks/trufflehog"
	mustBe(t, do(t, r), 404, "4041", "No such endpoint")
}
