package acceptance

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/logbook"
)

// ratedWorld returns a world with these limits per minute, on requests of an
// account and on failures of an address. It trusts the test as a proxy.
func ratedWorld(t *testing.T, requests, failures int) *world {
	t.Helper()
	return newWorld(t, func(cfg *config.Config) {
		cfg.ManagementRate, cfg.AuthFailureRate = requests, failures
		cfg.TrustedProxies = []string{"127.0.0.1/32"}
	})
}

func ofAccount(name string) func(*jwttest.Claims) {
	return func(c *jwttest.Claims) { c.Account = name }
}

// mustBeLimited fails the test unless a is a 429 that says how long to wait,
// and nothing else.
func mustBeLimited(t *testing.T, a answer, retryAfter string) {
	t.Helper()
	mustBe(t, a, 429, "4290", "Too many requests")
	if got := a.header.Get("Retry-After"); got != retryAfter {
		t.Errorf("Retry-After = %q, want %q", got, retryAfter)
	}
	if got := a.header.Values("WWW-Authenticate"); got != nil {
		t.Errorf("WWW-Authenticate = %q", got)
	}
}

func TestManagement_429_beyondTheRateOfTheAccount(t *testing.T) {
	t.Parallel()
	w := ratedWorld(t, 3, 0)
	key, _ := w.newKey(t, keySpec{Name: "k"})
	get := w.create(t, "", func(r *request) { r.method, r.url = http.MethodGet, r.url+"/"+key })
	for range 2 { // every request counts
		if a := do(t, get); a.status != http.StatusOK {
			t.Fatalf("within the rate: %d %s", a.status, a.body)
		}
	}
	mustBeLimited(t, do(t, w.create(t, `{"name":"k"}`)), "20")
	mustBeLimited(t, do(t, get), "20")
	if a := do(t, w.create(t, `{"name":"k"}`, as(w.token(t, ofAccount("acc-8"))))); a.status != http.StatusCreated {
		t.Errorf("another account: %d %s", a.status, a.body)
	}
}

func TestManagement_429_endsWhenRetryAfterSays(t *testing.T) {
	t.Parallel()
	w := ratedWorld(t, 7, 0) // one in 8.57 s
	r := w.create(t, `{"name":"k"}`)
	for range 7 {
		do(t, r)
	}
	mustBeLimited(t, do(t, r), "9")
	w.clock.Set(now.Add(8 * time.Second))
	mustBeLimited(t, do(t, r), "1")
	w.clock.Set(now.Add(9 * time.Second))
	if a := do(t, r); a.status != http.StatusCreated {
		t.Errorf("after 9 s: %d %s", a.status, a.body)
	}
	mustBeLimited(t, do(t, r), "9")
}

func TestManagement_429_isJudgedAfterTheTokenAndBeforeAllElse(t *testing.T) {
	t.Parallel()
	w := ratedWorld(t, 1, 0)
	if a := do(t, w.create(t, `{"name":"k"}`)); a.status != http.StatusCreated {
		t.Fatalf("within the rate: %d %s", a.status, a.body)
	}
	const limited = 429
	for name, tt := range map[string]struct {
		change func(*request)
		status int
	}{
		"no such route":                 {func(r *request) { r.url += "/x/y" }, 404},
		"a method not allowed":          {func(r *request) { r.method = http.MethodPut }, 405},
		"a body that is too large":      {func(r *request) { r.body = strings.Repeat(" ", 64<<10+1) }, 413},
		"no token":                      {without("Authorization"), 401},
		"a token for another device":    {as(w.token(t, func(c *jwttest.Claims) { c.ClientHash = "device-2" })), 401},
		"an unsupported accepted type":  {set("Accept", "text/html"), limited},
		"an unsupported content type":   {set("Content-Type", "text/plain"), limited},
		"a missing header":              {without("X-Client-Hash"), limited},
		"another workspace":             {set("X-Workspace-Id", "ws_2"), limited},
		"a caller who is not the owner": {as(w.token(t, role("VIEWER"))), limited},
		"a malformed body":              {func(r *request) { r.body = `{` }, limited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a := do(t, w.create(t, `{"name":"k"}`, tt.change)); a.status != tt.status {
				t.Errorf("answer = %d %s, want %d", a.status, a.body, tt.status)
			}
		})
	}
}

func TestManagement_429_byDefaultBeyond600RequestsAnd300Failures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	notFound := w.create(t, "", func(r *request) { r.method, r.url = http.MethodGet, r.url+"/sk_live_none" })
	for range 600 {
		if a := do(t, notFound); a.status != http.StatusNotFound {
			t.Fatalf("within the rate: %d %s", a.status, a.body)
		}
	}
	mustBeLimited(t, do(t, notFound), "1")
	without("Authorization")(&notFound)
	for range 300 {
		if a := do(t, notFound); a.status != http.StatusUnauthorized {
			t.Fatalf("within the rate: %d %s", a.status, a.body)
		}
	}
	mustBeLimited(t, do(t, notFound), "1")
}

func TestManagement_LimitsNobodyWhenBothAreOff(t *testing.T) {
	t.Parallel()
	w := ratedWorld(t, 0, 0)
	notFound := w.create(t, "", func(r *request) { r.method, r.url = http.MethodGet, r.url+"/sk_live_none" })
	nobody := w.create(t, "", without("Authorization"))
	for range 700 {
		if a := do(t, notFound); a.status != http.StatusNotFound {
			t.Fatalf("a request: %d %s", a.status, a.body)
		}
		if a := do(t, nobody); a.status != http.StatusUnauthorized {
			t.Fatalf("a failure: %d %s", a.status, a.body)
		}
	}
}

func TestInternal_IsNotLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) {
		cfg.ManagementRate, cfg.AuthFailureRate = 1, 1
		cfg.InternalToken = "0123456789abcdef0123456789abcdef"
	})
	stranger, known := w.verify(`{"key":"k"}`), w.verify(`{"key":"k"}`)
	set("X-Internal-Token", "0123456789abcdef0123456789abcdef")(&known)
	for range 3 {
		mustBeUnproven(t, do(t, stranger))
		if a := do(t, known); a.status != http.StatusOK {
			t.Errorf("a check: %d %s", a.status, a.body)
		}
	}
}

func TestManagement_429_isCountedAndLoggedByWhoseLimitItIs(t *testing.T) {
	t.Parallel()
	var log logbook.Book
	w := newWorld(t, func(cfg *config.Config) { cfg.ManagementRate, cfg.AuthFailureRate = 1, 1 },
		apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	public := w.service.Handler()
	for _, tt := range []struct {
		request request
		line    string
	}{
		{w.create(t, `{"name":"k"}`), `"accountId":"acc-7","error":"too many requests: requests of the account"`},
		{w.create(t, `{"name":"k"}`, without("Authorization")), `"error":"too many requests: failed authentications from the address"`},
	} {
		handled(public, &log, tt.request)
		for range 2 {
			status, lines := handled(public, &log, tt.request)
			if status != http.StatusTooManyRequests || !strings.Contains(lines, `"code":"4290"`) || !strings.Contains(lines, tt.line) {
				t.Errorf("answer %d, log lacks %s:\n%s", status, tt.line, lines)
			}
		}
	}
	metrics := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"}).body
	for _, want := range []string{`apikeys_rate_limited_total{limit="account"} 2`, `apikeys_rate_limited_total{limit="address"} 2`} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
}
