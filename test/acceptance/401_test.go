package acceptance

import (
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
)

func TestCreateKey_401(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stranger := jwttest.NewIssuer(t)
	stranger.SetClock(w.clock.Now)
	bound := func(c *jwttest.Claims) { c.ClientHash = "device-2" }
	const (
		bare    = `Bearer`
		invalid = `Bearer error="invalid_request"`
		token   = `Bearer error="invalid_token"`
	)
	tests := []struct {
		name      string
		change    func(*request)
		challenge string // the beginning of WWW-Authenticate; bare means that it ends there
	}{
		{name: "no token", change: without("Authorization"), challenge: bare},
		{name: "another scheme", change: set("Authorization", "Basic dXNlcjpwYXNz"), challenge: bare},
		{name: "a scheme without a token", change: set("Authorization", "Bearer "), challenge: invalid},
		{name: "two tokens", change: set("Authorization", "Bearer "+w.token(t), "Bearer "+w.token(t)), challenge: invalid},
		{name: "nonsense", change: as("nonsense"), challenge: token},
		{name: "another issuer's signature", change: as(stranger.Token(t, jwttest.Claims{Account: account, Portal: "PARTNER", Workspaces: map[string]string{workspace: "OWNER"}})), challenge: token},
		{name: "a token of another device", change: as(w.token(t, bound)), challenge: token},
		{name: "a bound token without the header", change: func(r *request) { as(w.token(t, bound))(r); without("X-Client-Hash")(r) }, challenge: token},
		{name: "a bound token with the header twice", change: func(r *request) { as(w.token(t, bound))(r); set("X-Client-Hash", "device-2", "device-2")(r) }, challenge: token},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := do(t, w.create(t, `{"name":"k"}`, tt.change))
			mustBe(t, a, 401, "4010", "Invalid or expired token")
			mustChallenge(t, a, tt.challenge)
		})
	}
}

func TestCreateKey_401_comesBeforeAllThatIsJudgedLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := do(t, w.create(t, `{`,
		without("Authorization"), without("X-Client-Hash"), without("X-Workspace-Id"),
		set("Accept", "text/html"), set("Content-Type", "text/plain")))
	mustBe(t, a, 401, "4010", "Invalid or expired token")
}

// mustChallenge checks WWW-Authenticate (RFC 6750 section 3).
func mustChallenge(t *testing.T, a answer, want string) {
	t.Helper()
	got := a.header.Get("WWW-Authenticate")
	switch {
	case want == "Bearer":
		if got != want {
			t.Errorf("WWW-Authenticate = %q, want %q", got, want)
		}
	case !strings.HasPrefix(got, want+", error_description="):
		t.Errorf("WWW-Authenticate = %q, want it to begin with %q and to describe the error", got, want)
	}
}
