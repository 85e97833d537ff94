package acceptance

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withoutTimes replaces the seconds until a window ends, which depend on the clock of the
// database.
func withoutTimes(text string) string {
	text = regexp.MustCompile(`"resetSeconds":\d+`).ReplaceAllString(text, `"resetSeconds":T`)
	return regexp.MustCompile(`t=\d+`).ReplaceAllString(text, "t=T")
}

func (w *world) key(t *testing.T, id, method, body string) answer {
	t.Helper()
	return do(t, w.create(t, body, func(r *request) {
		r.method, r.url = method, r.url+"/"+id
		if body == "" {
			r.header.Del("Content-Type")
		}
	}))
}

func TestLimits_AreManaged(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		const limits = `"rateLimits":[{"name":"default","limit":100,"windowSeconds":60},{"name":"burst","limit":10,"windowSeconds":1}],"quota":{"limit":100000,"period":"MONTH"}}`
		created := do(t, w.create(t, `{"name":"k","expiresAt":"2026-03-22T00:00:00Z",`+limits))
		if created.status != 201 || !strings.HasSuffix(created.body, `"expiresAt":"2026-03-22T00:00:00Z",`+limits+`}`) {
			t.Fatalf("created: %d %s", created.status, created.body)
		}
		id := created.data(t)["apiKeyId"].(string)
		for _, step := range []struct{ method, body, want string }{
			{http.MethodGet, ``, limits},
			{http.MethodPatch, `{}`, limits},
			{http.MethodPatch, `{"rateLimits":[{"windowSeconds":86400,"limit":1e9,"name":"day"}]}`, `"rateLimits":[{"name":"day","limit":1000000000,"windowSeconds":86400}],"quota":{"limit":100000,"period":"MONTH"}}`},
			{http.MethodPatch, `{"quota":{"period":"TOTAL","limit":1}}`, `"rateLimits":[{"name":"day","limit":1000000000,"windowSeconds":86400}],"quota":{"limit":1,"period":"TOTAL"}}`},
			{http.MethodPatch, `{"rateLimits":null,"quota":null}`, `"rateLimits":[],"quota":null}`},
			{http.MethodPatch, `{"rateLimits":[]}`, `"rateLimits":[],"quota":null}`},
			{http.MethodGet, ``, `"rateLimits":[],"quota":null}`},
		} {
			a := w.key(t, id, step.method, step.body)
			if a.status != 200 || !strings.HasSuffix(a.body, step.want+`}`) {
				t.Errorf("%s %s: %d %s", step.method, step.body, a.status, a.body)
			}
		}
		rotated := do(t, w.create(t, ``, func(r *request) { r.url += "/" + id + "/rotate"; r.header.Del("Content-Type") }))
		if !strings.HasSuffix(rotated.body, `"rateLimits":[],"quota":null}}`) {
			t.Errorf("rotated: %s", rotated.body)
		}
		events := w.key(t, id+"/events", http.MethodGet, "")
		for _, want := range []string{
			`{"field":"rateLimits","old":null,"new":["default=100/60s","burst=10/1s"]},{"field":"quota","old":null,"new":"100000/MONTH"}]`,
			`"changes":[{"field":"rateLimits","old":["default=100/60s","burst=10/1s"],"new":["day=1000000000/86400s"]}]`,
			`"changes":[{"field":"quota","old":"100000/MONTH","new":"1/TOTAL"}]`,
			`"changes":[{"field":"rateLimits","old":["day=1000000000/86400s"],"new":[]},{"field":"quota","old":"1/TOTAL","new":null}]`,
		} {
			if !strings.Contains(events.body, want) {
				t.Errorf("no %s in %s", want, events.body)
			}
		}
		list := do(t, w.create(t, "", func(r *request) { r.method = http.MethodGet; r.header.Del("Content-Type") }))
		if !strings.Contains(list.body, `"rateLimits":[],"quota":null}]`) {
			t.Errorf("list: %s", list.body)
		}
		if empty := do(t, w.create(t, `{"name":"k","rateLimits":[],"quota":null}`)); strings.Contains(empty.body, "rateLimits") || strings.Contains(empty.body, "quota") {
			t.Errorf("created without limits: %s", empty.body)
		}
	})
}

func TestLimits_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKeyOf(t, `{"name":"k","rateLimits":[{"name":"default","limit":100,"windowSeconds":60}],"quota":{"limit":5,"period":"DAY"}}`)
	const good = `{"name":"good","limit":1,"windowSeconds":1}`
	for name, tc := range map[string]struct {
		members string
		want    []string
	}{
		"not a list":          {`"rateLimits":{}`, []string{"rateLimits type"}},
		"no object":           {`"rateLimits":[` + good + `,7,null]`, []string{"rateLimits[1] type", "rateLimits[2] type"}},
		"a duplicate name":    {`"rateLimits":[` + good + `,` + good + `]`, []string{"rateLimits[1].name duplicate_field"}},
		"the name of a quota": {`"rateLimits":[{"name":"quota","limit":1,"windowSeconds":1}]`, []string{"rateLimits[0].name format"}},
		"an empty name":       {`"rateLimits":[{"name":"","limit":1,"windowSeconds":1}]`, []string{"rateLimits[0].name length"}},
		"a long name":         {`"rateLimits":[{"name":"` + strings.Repeat("n", 33) + `","limit":1,"windowSeconds":1}]`, []string{"rateLimits[0].name length"}},
		"other characters":    {`"rateLimits":[{"name":"Default","limit":1,"windowSeconds":1}]`, []string{"rateLimits[0].name characters"}},
		"a fraction":          {`"rateLimits":[{"name":"a","limit":1.5,"windowSeconds":1}]`, []string{"rateLimits[0].limit type"}},
		"out of range": {
			`"rateLimits":[{"windowSeconds":86401,"name":"a","limit":0},{"name":"b","limit":1000000001,"windowSeconds":0}]`,
			[]string{"rateLimits[0].windowSeconds range", "rateLimits[0].limit range", "rateLimits[1].limit range", "rateLimits[1].windowSeconds range"},
		},
		"missing members last": {
			`"rateLimits":[{"windowSeconds":"60","burst":1},{"name":null,"limit":1}]`,
			[]string{
				"rateLimits[0].windowSeconds type", "rateLimits[0].burst unknown_field", "rateLimits[0].name required", "rateLimits[0].limit required",
				"rateLimits[1].name required", "rateLimits[1].windowSeconds required",
			},
		},
		"a member twice": {`"rateLimits":[{"name":"a","limit":1,"limit":0,"windowSeconds":1}]`, []string{"rateLimits[0].limit duplicate_field"}},
		"too many": {
			`"rateLimits":[` + good + strings.Repeat(`,{"name":"a","limit":0,"windowSeconds":1}`, 1) + `,{"name":"b","limit":1,"windowSeconds":1},{"name":"c","limit":1,"windowSeconds":1},{"name":"d","limit":1,"windowSeconds":1},{}]`,
			[]string{"rateLimits[1].limit range", "rateLimits too_many"},
		},
		"a quota that is no object": {`"quota":5`, []string{"quota type"}},
		"an empty quota":            {`"quota":{}`, []string{"quota.limit required", "quota.period required"}},
		"an unknown period":         {`"quota":{"period":"WEEK","limit":1000000000001}`, []string{"quota.period format", "quota.limit range"}},
		"an empty period":           {`"quota":{"limit":0,"period":""}`, []string{"quota.limit range", "quota.period length"}},
		"a null period":             {`"quota":{"limit":1,"period":null,"name":"x"}`, []string{"quota.period required", "quota.name unknown_field"}},
		"both, in the order sent":   {`"quota":{"limit":1.5,"period":"DAY"},"rateLimits":[{}]`, []string{"quota.limit type", "rateLimits[0].name required", "rateLimits[0].limit required", "rateLimits[0].windowSeconds required"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustFail(t, do(t, w.create(t, `{"name":"",`+tc.members+`}`)), append([]string{"name length"}, tc.want...))
			mustFail(t, w.key(t, id, http.MethodPatch, `{`+tc.members+`}`), tc.want)
		})
	}
	if got := w.key(t, id, http.MethodGet, ""); !strings.Contains(got.body, `"limit":100,"windowSeconds":60}],"quota":{"limit":5,"period":"DAY"}}`) {
		t.Errorf("a refused patch has changed the key: %s", got.body)
	}
}

func TestLimits_AreSpentByChecks(t *testing.T) {
	countedOnEveryStore(t, func(t *testing.T, w *world, report reportf) {
		id, secret := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"rateLimits":[{"name":"day","limit":5,"windowSeconds":86400}],"quota":{"limit":8,"period":"TOTAL"}}`)
		identity := `"apiKeyId":"` + id + `","workspaceId":"ws_1","mode":"LIVE","scopes":["a:b"],"expiresAt":null`
		state := func(day, quota string) string {
			return `"limits":[{"name":"day","limit":5,"remaining":` + day + `,"resetSeconds":T},{"name":"quota","limit":8,"remaining":` + quota + `,"resetSeconds":null}]}`
		}
		check := func(rest string) string { return `{"key":"` + secret + `"` + rest + `}` }
		for _, step := range []struct{ name, question, want string }{
			{"a denied check spends nothing", check(`,"scopes":["x:y"]`), `{"allowed":false,"reason":"INSUFFICIENT_SCOPE",` + identity + `,` + state("5", "8")},
			{"one is the default", check(``), `{"allowed":true,"reason":"OK",` + identity + `,` + state("4", "7")},
			{"null too", check(`,"cost":null`), `{"allowed":true,"reason":"OK",` + identity + `,` + state("3", "6")},
			{"0 spends nothing", check(`,"cost":0`), `{"allowed":true,"reason":"OK",` + identity + `,` + state("3", "6")},
			{"more than is left", check(`,"cost":4`), `{"allowed":false,"reason":"RATE_LIMITED",` + identity + `,` + state("3", "6")},
			{"a batch spends in its order", `[` + check(`,"cost":2`) + `,` + check(`,"cost":2`) + `,` + check(``) + `]`, `[` +
				`{"allowed":true,"reason":"OK",` + identity + `,` + state("1", "4") + `,` +
				`{"allowed":false,"reason":"RATE_LIMITED",` + identity + `,` + state("1", "4") + `,` +
				`{"allowed":true,"reason":"OK",` + identity + `,` + state("0", "3") + `]`},
			{"0 is checked as 1", check(`,"cost":0`), `{"allowed":false,"reason":"RATE_LIMITED",` + identity + `,` + state("0", "3")},
		} {
			a := do(t, w.verify(step.question))
			want := `"data":` + step.want + `}`
			if _, got, _ := strings.Cut(withoutTimes(a.body), `SUCCESS",`); a.status != 200 || got != want {
				report("%s: %d (-want +got):\n%s", step.name, a.status, cmp.Diff(want, got))
			}
		}

		mustBeAllowed := func(body, limits string) {
			t.Helper()
			if a := w.key(t, id, http.MethodPatch, body); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if a := do(t, w.verify(check(``))); !strings.HasSuffix(withoutTimes(a.body), limits+`}`) {
				report("after %s: %s, want %s", body, a.body, limits)
			}
		}
		mustBeAllowed(`{"rateLimits":null}`, `"limits":[{"name":"quota","limit":8,"remaining":2,"resetSeconds":null}]}`)
		mustBeAllowed(`{"rateLimits":[{"name":"day","limit":6,"windowSeconds":86400}]}`, `"limits":[{"name":"day","limit":6,"remaining":0,"resetSeconds":T},{"name":"quota","limit":8,"remaining":1,"resetSeconds":null}]}`)
		mustBeAllowed(`{"rateLimits":[]}`, `"limits":[{"name":"quota","limit":8,"remaining":0,"resetSeconds":null}]}`)
		if a := do(t, w.verify(check(``))); !strings.Contains(a.body, `"allowed":false,"reason":"QUOTA_EXCEEDED"`) {
			report("the quota is used up: %s", a.body)
		}
		mustBeAllowed(`{"quota":null}`, `"expiresAt":null}`)
	})
}

func TestLimits_RefuseARequestOfAProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil) // whose clock stands at midnight
	_, secret := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"rateLimits":[{"name":"default","limit":3,"windowSeconds":60},{"name":"burst","limit":9,"windowSeconds":1}],"quota":{"limit":4,"period":"MONTH"}}`)
	_, forever := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"quota":{"limit":1,"period":"TOTAL"}}`)
	_, plain := w.newKeyOf(t, `{"name":"k","scopes":["a:b"]}`)
	ask := func(path, key string) answer {
		t.Helper()
		return do(t, request{method: http.MethodGet, url: w.internal + "/internal/v1/authorize" + path, header: http.Header{"X-Api-Key": {key}}})
	}
	const policy = `"default";q=3;w=60, "burst";q=9;w=1, "quota";q=4;w=2678400`
	must := func(a answer, status int, policy, left, retry string) {
		t.Helper()
		if a.status != status || a.header.Get("RateLimit-Policy") != policy || a.header.Get("RateLimit") != left || a.header.Get("Retry-After") != retry {
			t.Errorf("%d, RateLimit-Policy %s, RateLimit %s, Retry-After %q; want %d, %s, %s, %q", a.status,
				a.header.Get("RateLimit-Policy"), a.header.Get("RateLimit"), a.header.Get("Retry-After"), status, policy, left, retry)
		}
	}
	const left1 = `"default";r=1;t=60, "burst";r=7;t=1, "quota";r=2;t=950400`
	must(ask("?scope=a:b&cost=2", secret), 204, policy, left1, "")
	must(ask("?scope=x:y", secret), 403, policy, left1, "")
	limited := ask("/cost/2/for/a:b/orders/7", secret)
	must(limited, 429, policy, left1, "60")
	mustBe(t, limited, 429, "4291", "API key has reached a rate limit")
	if limited.header.Get("X-Api-Key-Status") != "" {
		t.Error("X-Api-Key-Status without refuse")
	}
	refused := ask("?scope=a:b&cost=2&refuse=403", secret)
	must(refused, 403, policy, left1, "60")
	mustBe(t, refused, 403, "4291", "API key has reached a rate limit")
	if got := refused.header.Get("X-Api-Key-Status"); got != "429" {
		t.Errorf("X-Api-Key-Status = %q", got)
	}
	must(ask("?refuse=403&cost=0", secret), 204, policy, left1, "")
	if a := ask("?scope=x:y&refuse=403", secret); a.status != 403 || a.header.Get("X-Api-Key-Status") != "" {
		t.Errorf("another refusal: %d, X-Api-Key-Status %q", a.status, a.header.Get("X-Api-Key-Status"))
	}
	must(ask("/for/a:b", forever), 204, `"quota";q=1`, `"quota";r=0`, "")
	used := ask("/for/a:b", forever)
	must(used, 429, `"quota";q=1`, `"quota";r=0`, "")
	mustBe(t, used, 429, "4292", "API key has used up its quota")
	must(ask("?cost=1000000", plain), 204, "", "", "")

	for query, want := range map[string][]string{
		"?refuse=429":                    {"refuse range"},
		"?refuse=":                       {"refuse range"},
		"?refuse=403&refuse=403":         {"refuse duplicate_field"},
		"?cost=-1":                       {"cost format"},
		"?cost=":                         {"cost format"},
		"?cost=1e3":                      {"cost format"},
		"?cost=1000001":                  {"cost range"},
		"?cost=1&cost=1":                 {"cost duplicate_field"},
		"?cost=99999999999999999999&x=1": {"cost range", "x unknown_field"},
		"/cost/1.5/for/a:b":              {"cost format"},
		"/cost/1000001/for/a:b":          {"cost range"},
	} {
		mustFail(t, ask(query, plain), want)
	}
	for _, path := range []string{"/cost/1/for/", "/cost/1/for", "/cost/1", "/cost//for/a:b"} {
		if a := ask(path, plain); a.status != 404 {
			t.Errorf("%s: %d %s, want 404", path, a.status, a.body)
		}
	}
}

// A key that is disabled or expired is refused like an unknown one, so the response must
// not say that it has limits.
func TestLimits_AreNotShownWithADisabledKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, secret := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"quota":{"limit":4,"period":"MONTH"}}`)
	disable := do(t, w.create(t, ``, func(r *request) { r.url += "/" + id + "/disable"; r.header.Del("Content-Type") }))
	if disable.status != 200 {
		t.Fatal(disable.body)
	}
	for _, d := range w.doors() {
		a := d.ask(t, with(secret), "a:b")
		mustBe(t, a, 401, "4011", "Invalid API key")
		if a.header.Get("RateLimit") != "" || a.header.Get("RateLimit-Policy") != "" {
			t.Errorf("%s: RateLimit = %q", d.name, a.header.Get("RateLimit"))
		}
	}
	if a := do(t, w.verify(`{"key":"`+secret+`"}`)); !strings.Contains(a.body, `"reason":"DISABLED"`) || !strings.Contains(a.body, `"limits":[{"name":"quota","limit":4,"remaining":4,`) {
		t.Errorf("verify: %s", a.body)
	}
}

func TestLimits_AreEnforcedByEveryDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, d := range w.doors() {
		_, secret := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"rateLimits":[{"name":"default","limit":1,"windowSeconds":60}]}`)
		if a := d.ask(t, with(secret), "a:b"); a.status != d.open || a.header.Get("RateLimit") != `"default";r=0;t=60` {
			t.Errorf("%s: %d, RateLimit %s", d.name, a.status, a.header.Get("RateLimit"))
		}
		a := d.ask(t, with(secret), "a:b")
		mustBe(t, a, 429, "4291", "API key has reached a rate limit")
		if a.header.Get("Retry-After") != "60" || a.header.Get("RateLimit") != `"default";r=0;t=60` || a.header.Get("RateLimit-Policy") != `"default";q=1;w=60` {
			t.Errorf("%s: Retry-After %q, RateLimit %s", d.name, a.header.Get("Retry-After"), a.header.Get("RateLimit"))
		}
	}
}

func TestExtAuthz_SpendsTheCostOfTheRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"rateLimits":[{"name":"default","limit":5,"windowSeconds":60}]}`)
	for _, want := range []string{`"default";r=2;t=60`, `"default";r=2;t=60`} {
		a := w.askEnvoysAbout(t, with(secret), map[string]string{"scope": "a:b", "cost": "3"})
		if got := a.header.Get("RateLimit"); got != want {
			t.Errorf("%d, RateLimit %s, want %s", a.status, got, want)
		}
	}
}

func TestVerify_400_cost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for cost, want := range map[string]string{"1.5": "cost type", `"1"`: "cost type", "-1": "cost range", "1000001": "cost range", "true": "cost type"} {
		mustFail(t, do(t, w.verify(`{"key":"k","cost":`+cost+`}`)), []string{want})
	}
}

func TestExplain_ExplainsLimits(t *testing.T) {
	countedOnEveryStore(t, func(t *testing.T, w *world, report reportf) {
		id, secret := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"rateLimits":[{"name":"day","limit":5,"windowSeconds":86400},{"name":"other","limit":9,"windowSeconds":86400}],"quota":{"limit":3,"period":"TOTAL"}}`)
		do(t, w.verify(`{"key":"`+secret+`","cost":2}`))
		for _, step := range []struct{ body, reason, rates, quota string }{
			{`,"cost":1`, "OK", "RATE_LIMITS PASS enough is left of the rate limits for a cost of 1: day 3/5, other 7/9", "QUOTA PASS enough is left of the quota for a cost of 1: 1/3"},
			{`,"cost":3`, "QUOTA_EXCEEDED", "RATE_LIMITS PASS enough is left of the rate limits for a cost of 3: day 3/5, other 7/9", "QUOTA FAIL too little is left of the quota for a cost of 3: 1/3"},
			{`,"cost":4`, "RATE_LIMITED", "RATE_LIMITS FAIL too little is left of the rate limit day for a cost of 4: 3/5", "QUOTA SKIP not reached"},
			{`,"cost":5,"at":"2055-01-01T00:00:00Z"`, "QUOTA_EXCEEDED", "RATE_LIMITS PASS enough is left of the rate limits for a cost of 5: day 5/5, other 9/9", "QUOTA FAIL too little is left of the quota for a cost of 5: 1/3"},
		} {
			a := do(t, w.explain(`{"apiKeyId":"`+id+`"`+step.body+`}`))
			want := explained(step.reason,
				"FORMAT PASS the format of the API key ID is valid", "FOUND PASS API key "+id+" belongs to workspace ws_1",
				"SECRET SKIP asked by API key ID, so no secret is compared", "STATUS PASS the API key is not disabled",
				"EXPIRY PASS the API key never expires", "IP PASS the API key has no IP whitelist",
				"SCOPES PASS no scopes were requested; the API key has a:b", step.rates, step.quota)
			if _, got, _ := strings.Cut(a.body, `"data":`); got != want+"}" {
				report("%s: %d (-want +got):\n%s", step.body, a.status, cmp.Diff(want+"}", got))
			}
		}
	})
}

// newKeyOf creates a key with that body and returns it with its secret.
func (w *world) newKeyOf(t *testing.T, body string) (id, secret string) {
	t.Helper()
	data := do(t, w.create(t, body)).data(t)
	return data["apiKeyId"].(string), data["secret"].(string)
}
