package acceptance

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/logbook"
)

// The tokens of these tests lack the claim "entrance".
func TestCreateKey_WithADefaultPortal(t *testing.T) {
	t.Parallel()
	for portal, want := range map[string]int{
		"":         http.StatusUnauthorized,
		"PARTNER":  http.StatusCreated,
		"CONSUMER": http.StatusForbidden,
	} {
		t.Run("which is "+portal, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *config.Config) { cfg.JWTClaimPortal, cfg.JWTDefaultPortal = "entrance", portal })
			if a := do(t, w.create(t, `{"name":"k","mode":2}`)); a.status != want {
				t.Errorf("status %d, want %d: %s", a.status, want, a.body)
			}
		})
	}
}

func TestCreateKey_401_isLoggedWithTheClaim(t *testing.T) {
	t.Parallel()
	var log logbook.Book
	w := newWorld(t, func(cfg *config.Config) { cfg.JWTClaimPortal = "sub_portal" },
		apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	for want, r := range map[string]request{
		"claim sub_portal is missing": w.create(t, `{"name":"k"}`),
		"signature fits no key":       w.create(t, `{"name":"k"}`, as(wronglySigned(w.token(t)))),
		"not three parts":             w.create(t, `{"name":"k"}`, as("hunter2")),
	} {
		status, lines := handled(w.service.Handler(), &log, r)
		if status != http.StatusUnauthorized || !strings.Contains(lines, want) {
			t.Errorf("status %d, log lacks %q:\n%s", status, want, lines)
		}
		if token := strings.TrimPrefix(r.header.Get("Authorization"), "Bearer "); strings.Contains(lines, token[:7]) {
			t.Errorf("the log shows the token:\n%s", lines)
		}
	}
}

// wronglySigned returns token with the first character of its signature changed.
func wronglySigned(token string) string {
	i := strings.LastIndexByte(token, '.') + 1
	replacement := "A"
	if token[i] == 'A' {
		replacement = "B"
	}
	return token[:i] + replacement + token[i+1:]
}

func TestNew_WarnsOfTokenKeysOverPlainHTTP(t *testing.T) {
	t.Parallel()
	var log logbook.Book
	// Nothing listens there, so Linux refuses the connection at once.
	w := newWorld(t, func(cfg *config.Config) {
		cfg.JWKSFile, cfg.JWKSURL, cfg.JWKSAllowHTTP = "", "http://0.0.0.0:1/jwks.json", true
	}, apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	if n := strings.Count(log.String(), "token keys are fetched by plain HTTP"); n != 1 {
		t.Errorf("the log warns %d times, want once:\n%s", n, log.String())
	}
	mustBe(t, do(t, w.create(t, `{"name":"k"}`)), 503, "5030", "Service temporarily unavailable")
}
