package acceptance

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
)

func from(addr string) func(*request) { return set("X-Forwarded-For", addr) }

// fail sends a request that fails authentication.
func (w *world) fail(t *testing.T, changes ...func(*request)) answer {
	t.Helper()
	return do(t, w.create(t, `{"name":"k"}`, append(changes, without("Authorization"))...))
}

func mustBeUnproven(t *testing.T, a answer) {
	t.Helper()
	mustBe(t, a, 401, "4010", "Invalid or expired token")
}

func TestManagement_429_failuresOfAnAddressLockNobodyOut(t *testing.T) {
	t.Parallel()
	w := ratedWorld(t, 0, 2)
	for range 2 {
		mustBeUnproven(t, w.fail(t))
	}
	for range 3 {
		mustBeLimited(t, w.fail(t), "30")
		if a := do(t, w.create(t, `{"name":"k"}`)); a.status != http.StatusCreated {
			t.Errorf("a valid token from the same address: %d %s", a.status, a.body)
		}
	}
	w.clock.Set(now.Add(30 * time.Second))
	mustBeUnproven(t, w.fail(t))
	mustBeLimited(t, w.fail(t), "30")
}

func TestManagement_429_countsEveryTokenThatIsRefused(t *testing.T) {
	t.Parallel()
	w := ratedWorld(t, 0, 1)
	stranger := jwttest.NewIssuer(t)
	stranger.SetClock(w.clock.Now)
	refused := []func(*request){
		without("Authorization"),
		set("Authorization", "Basic dXNlcjpwYXNz"),
		set("Authorization", "Bearer "),
		set("Authorization", "Bearer a", "Bearer b"),
		as("nonsense"),
		as(w.token(t, func(c *jwttest.Claims) { c.IssuedAt, c.TTL = now.Add(-time.Hour), time.Minute })),
		as(stranger.Token(t, jwttest.Claims{Account: account, Portal: "PARTNER"})),
		as(w.token(t, func(c *jwttest.Claims) { c.ClientHash = "device-2" })),
	}
	for i, change := range refused {
		here := from("203.0.113." + strconv.Itoa(i))
		mustBeUnproven(t, do(t, w.create(t, `{"name":"k"}`, change, here)))
		mustBeLimited(t, do(t, w.create(t, `{"name":"k"}`, change, here)), "60")
	}
}

func TestManagement_429_countsFailuresByWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	w := ratedWorld(t, 0, 1)
	for _, addr := range []string{"203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8:0:1::1", "nonsense"} {
		mustBeUnproven(t, w.fail(t, from(addr)))
	}
	for _, addr := range []string{"203.0.113.7", "198.51.100.1, 203.0.113.8", "203.0.113.8:51008", "2001:db8::2", "[2001:db8::ffff:0:0:1]:443", "another"} {
		mustBeLimited(t, w.fail(t, from(addr)), "60")
	}
}

func TestManagement_503_isNoFailureOfTheAddress(t *testing.T) {
	t.Parallel()
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(down.Close)
	w := newWorld(t, func(cfg *config.Config) {
		cfg.JWKSFile, cfg.JWKSURL = "", down.URL
		cfg.AuthFailureRate = 1
	})
	for range 2 {
		mustBe(t, do(t, w.create(t, `{"name":"k"}`)), 503, "5030", "Service temporarily unavailable")
	}
	mustBeUnproven(t, w.fail(t))
	mustBeLimited(t, w.fail(t), "60")
}
