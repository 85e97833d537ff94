package gateways

import (
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// mustBe checks the denial of an API key: the envelope of the contract, and its
// challenge.
func (a answer) mustBe(t *testing.T, status int, code, challenge string) {
	t.Helper()
	if a.status != status || a.code() != code {
		t.Errorf("status %d, body %q, want %d with code %s", a.status, a.body, status, code)
	}
	if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("Content-Type: %s", got)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %q", got)
	}
	if got := a.header.Get(idHeader); got != a.id {
		t.Errorf("%s: %q, want %q", idHeader, got, a.id)
	}
	got := a.header.Values("WWW-Authenticate")
	if strings.Join(got, "\n") != challenge {
		t.Errorf("WWW-Authenticate: %q, want %q", got, challenge)
	}
}

func refusesInvalidKeys(t *testing.T, w *world) {
	unknown, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	const (
		bare    = `Bearer`
		invalid = `Bearer error="invalid_token", error_description="The API key is invalid"`
		often   = `Bearer error="invalid_request", error_description="Credentials were sent more than once"`
	)
	for name, tt := range map[string]struct {
		challenge string
		headers   []string
	}{
		"no key":                             {bare, nil},
		"an unknown key":                     {invalid, []string{"X-Api-Key: " + unknown.Reveal()}},
		"a malformed key":                    {invalid, []string{"X-Api-Key: secret"}},
		"a malformed bearer token":           {invalid, []string{"Authorization: Bearer secret"}},
		"different keys in two headers":      {often, []string{"X-Api-Key: " + w.reader, "Authorization: Bearer " + w.writer}},
		"X-Api-Key twice":                    {often, []string{"X-Api-Key: " + w.reader, "X-Api-Key: " + w.writer}},
		"a key in X_Api_Key":                 {bare, []string{"X_Api_Key: " + w.reader}},
		"identity headers instead of a key":  {bare, []string{"X-Api-Key-Id: " + w.reader[:24], "X-Workspace-Id: ws_1"}},
		"headers that name another URI":      {bare, []string{"X-Original-URI: /status", "X-Forwarded-Uri: /status", "X-Rewrite-Url: /status"}},
		"a header that names another method": {bare, []string{"X-Http-Method-Override: OPTIONS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.refused(t, get("/payments/1", tt.headers...)).mustBe(t, http.StatusUnauthorized, "4011", tt.challenge)
		})
	}
}

func refusesMissingScopes(t *testing.T, w *world) {
	const challenge = `Bearer error="insufficient_scope", error_description="The API key lacks a required scope", scope="payment:read payment:write"`
	for name, target := range map[string]string{
		"no scope in the request": "/refunds/1",
		"a scope in the query":    "/refunds/1?scope=payment:read",
		"a parameter in the path": "/refunds/%26scope=payment:read",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.refused(t, get(target, "X-Api-Key: "+w.reader)).mustBe(t, http.StatusForbidden, "4032", challenge)
		})
	}
}

func refusesOtherAddresses(t *testing.T, w *world) {
	spoofed := map[string][]string{
		"no forwarded address":                nil,
		"a forwarded address":                 {"X-Forwarded-For: 203.0.113.7"},
		"X-Forwarded-For twice":               {"X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 203.0.113.7"},
		"an address before that of the proxy": {"X-Forwarded-For: 203.0.113.7, 127.0.0.1"},
		"X_Forwarded_For":                     {"X_Forwarded_For: 203.0.113.7"},
		"other headers":                       {"X-Real-Ip: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Client-Ip: 203.0.113.7"},
		"an unreadable entry":                 {"X-Forwarded-For: unknown"},
		"X-Forwarded-For named in Connection": {"Connection: keep-alive, X-Forwarded-For, X-Real-Ip"},
	}
	for name, headers := range spoofed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.refused(t, get("/payments/1", append(headers, "X-Api-Key: "+w.elsewhere)...)).mustBe(t, http.StatusForbidden, "4033", "")
			got := w.passed(t, get("/payments/1", append(headers, "X-Api-Key: "+w.here)...))
			w.mustIdentify(t, got, w.here)
			if w.client.String() != "127.0.0.1" {
				w.refused(t, get("/payments/1", append(headers, "X-Api-Key: "+w.inside)...)).mustBe(t, http.StatusForbidden, "4033", "")
			}
		})
	}
}

// refusesBodies sends a request as the body of a denied one.
func refusesBodies(t *testing.T, w *world) {
	id := rand.Text()
	c := w.dial(t)
	c.do(t, request{
		method: http.MethodPost, target: "/payments/1",
		body: request{method: http.MethodGet, target: "/status"}.text(id),
	}).mustBe(t, http.StatusUnauthorized, "4011", "Bearer")
	if n, err := io.Copy(io.Discard, c.afterEnd(t)); err != nil || n > 0 {
		t.Errorf("%d bytes follow the response, %v", n, err)
	}
	if _, ok := w.api.received(id); ok {
		t.Error("the body reached the API as a request")
	}
}

func refusesAmbiguousPaths(t *testing.T, w *world) {
	for _, target := range []string{
		"/payments/../refunds/1", "/payments/%2e%2e/refunds/1", "/payments/.%2E/refunds/1", "/payments/..%2frefunds/1",
		"/payments/..", "/payments/%2e%2e", "/payments/..?x", "/payments/./1", "/./payments/1", "//payments/1", "/payments//1",
		"/payments/%2f1", "/payments/..;/refunds/1", "/payments/1;x", `/payments/..\refunds/1`, "/payments/..%5Crefunds/1",
		"/status/../payments/1", "/payments/../status", "/status#/../payments/1",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			a := w.refused(t, get(target, "X-Api-Key: "+w.reader))
			if a.status != http.StatusBadRequest {
				t.Errorf("status %d, want 400", a.status)
			}
		})
	}
}

func refusesUnlistedPaths(t *testing.T, w *world) {
	for _, target := range []string{
		"/", "/payments", "/paymentsx/1", "/status/1", "/_apikeys", "/internal/v1/authorize?scope=payment:read", "/web/v1/workspaces/ws_1/api-keys",
		"/metrics",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			a := w.refused(t, get(target, "X-Api-Key: "+w.writer))
			// nginx redirects /payments to /payments/.
			if a.status != http.StatusNotFound && a.status != http.StatusMovedPermanently {
				t.Errorf("status %d, want 404", a.status)
			}
		})
	}
}

// usedKey returns the header of a new key with limits that was used once. A check that
// gets 503 on a busy machine may spend from the limits, so the next one uses another key.
func (w *world) usedKey(t *testing.T, body string) (header string) {
	t.Helper()
	w.mustPass(t, available(t, func() answer {
		header = "X-Api-Key: " + w.createKey(t, body)
		return w.once(t, get("/payments/1", header))
	}))
	return header
}

func refusesBeyondRateLimits(t *testing.T, w *world) {
	key := w.usedKey(t, `{"name":"limited","scopes":["payment:read"],"rateLimits":[{"name":"day","limit":1,"windowSeconds":86400}],"quota":{"limit":9,"period":"TOTAL"}}`)
	a := w.refused(t, get("/payments/1", key))
	a.mustBe(t, http.StatusTooManyRequests, "4291", "")
	if a.header.Get("Retry-After") == "" || !strings.HasPrefix(a.header.Get("RateLimit"), `"day";r=0;t=`) || a.header.Get("RateLimit-Policy") != `"day";q=1;w=86400, "quota";q=9` {
		t.Errorf("Retry-After %q, RateLimit %s, RateLimit-Policy %s", a.header.Get("Retry-After"), a.header.Get("RateLimit"), a.header.Get("RateLimit-Policy"))
	}
}

func refusesBeyondQuotas(t *testing.T, w *world) {
	key := w.usedKey(t, `{"name":"limited","scopes":["payment:read"],"rateLimits":[{"name":"day","limit":2,"windowSeconds":86400}],"quota":{"limit":1,"period":"TOTAL"}}`)
	a := w.refused(t, get("/payments/1", key))
	a.mustBe(t, http.StatusTooManyRequests, "4292", "")
	if a.header.Get("Retry-After") != "" || !strings.HasSuffix(a.header.Get("RateLimit"), `, "quota";r=0`) {
		t.Errorf("Retry-After %q, RateLimit %s", a.header.Get("Retry-After"), a.header.Get("RateLimit"))
	}
	w.refused(t, get("/refunds/1", key)).mustBe(t, http.StatusForbidden, "4032", `Bearer error="insufficient_scope", error_description="The API key lacks a required scope", scope="payment:read payment:write"`)
}
