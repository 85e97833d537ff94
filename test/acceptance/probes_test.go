package acceptance

import (
	"net/http"
	"testing"

	"github.com/slaunchx/apikeys/config"
)

func TestProbes_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for _, path := range []string{"/livez", "/readyz"} {
			if a := do(t, request{method: http.MethodGet, url: w.internal + path}); a.status != http.StatusOK {
				t.Errorf("%s = %d %s", path, a.status, a.body)
			}
		}
	})
}

// Load balancers and uptime monitors probe with HEAD.
func TestProbes_HEAD(t *testing.T) {
	t.Parallel()
	ready, unready := newWorld(t, nil), newWorld(t, notMigrated(t))
	for url, want := range map[string]int{
		ready.internal + "/livez":    http.StatusOK,
		ready.internal + "/readyz":   http.StatusOK,
		unready.internal + "/livez":  http.StatusOK,
		unready.internal + "/readyz": http.StatusServiceUnavailable,
	} {
		a := do(t, request{method: http.MethodHead, url: url})
		if a.status != want || a.body != "" {
			t.Errorf("HEAD %s = %d %q, want %d without a body", url, a.status, a.body, want)
		}
		mustHaveHeaders(t, a)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		a := do(t, request{method: http.MethodPost, url: ready.internal + path, header: http.Header{}})
		mustBe(t, a, 405, "4050", "Method not allowed")
		if got := a.header.Get("Allow"); got != "GET, HEAD" {
			t.Errorf("%s: Allow = %q, want GET, HEAD", path, got)
		}
	}
}

func TestReadyz_503_untilMigrated(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *config.Config) {
				cfg.DatabaseURL = config.Secret(emptyStores[name](t))
				cfg.Migrate = config.MigrateOff
			})
			a := do(t, request{method: http.MethodGet, url: w.internal + "/readyz"})
			mustBe(t, a, 503, "5030", "Service temporarily unavailable")
			if a := do(t, request{method: http.MethodGet, url: w.internal + "/livez"}); a.status != http.StatusOK {
				t.Errorf("livez = %d", a.status)
			}
		})
	}
}

func TestInternalToken(t *testing.T) {
	t.Parallel()
	const token = "0123456789abcdef0123456789abcdef"
	w := newWorld(t, func(cfg *config.Config) { cfg.InternalToken = token })
	ask := func(change func(*request)) answer {
		r := w.verify(`{"key":"k"}`)
		change(&r)
		return do(t, r)
	}
	if a := ask(set("X-Internal-Token", token)); a.status != http.StatusOK {
		t.Errorf("with the token: %d %s", a.status, a.body)
	}
	for name, change := range map[string]func(*request){
		"none":    without("X-Internal-Token"),
		"another": set("X-Internal-Token", token+"x"),
		"twice":   set("X-Internal-Token", token, token),
	} {
		a := ask(change)
		mustBe(t, a, 401, "4010", "Invalid or expired token")
		if t.Failed() {
			t.Log(name)
		}
	}
	if a := do(t, request{method: http.MethodGet, url: w.internal + "/livez"}); a.status != http.StatusOK {
		t.Errorf("livez without the token = %d", a.status)
	}
}
