package acceptance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/config"
)

func TestMetrics_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
		for range 3 {
			do(t, w.verify(`{"key":"`+secret+`"}`))
		}
		do(t, w.verify(`{"key":"`+unknownSecret(t)+`"}`))
		w.askEnvoys(t, with(secret), "payment:read")
		w.askEnvoys(t, with(unknownSecret(t)), "payment:read")
		a := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"})
		if a.status != http.StatusOK {
			t.Fatalf("status = %d, body %s", a.status, a.body)
		}
		for _, want := range []string{
			`apikeys_checks_total{verdict="OK"} 4`,
			`apikeys_checks_total{verdict="NOT_FOUND"} 2`,
			`apikeys_http_requests_total{method="POST",route="/internal/v1/api-keys/verify",status="200"} 4`,
			`apikeys_http_requests_total{method="POST",route="/web/v1/workspaces/:workspaceId/api-keys",status="201"} 1`,
			`apikeys_http_requests_total{method="POST",route="/envoy.service.auth.v3.Authorization/Check",status="200"} 1`,
			`apikeys_http_requests_total{method="POST",route="/envoy.service.auth.v3.Authorization/Check",status="401"} 1`,
			`apikeys_http_request_duration_seconds_count{route="/envoy.service.auth.v3.Authorization/Check"} 2`,
			`apikeys_usage_pending_keys 1`,
		} {
			if !strings.Contains(a.body, want+"\n") {
				t.Errorf("metrics lack %s", want)
			}
		}
		// The number of cached keys depends on the feed, which also reports the
		// create.
		if !strings.Contains(a.body, "\napikeys_cache_keys ") {
			t.Error("metrics lack apikeys_cache_keys")
		}
		if strings.Contains(a.body, secret) || strings.Contains(a.body, workspace) {
			t.Error("metrics hold what a caller sent")
		}
	})
}

func TestMetrics_401_withoutTheInternalToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) { cfg.InternalToken = "0123456789abcdef0123456789abcdef" })
	a := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"})
	mustBe(t, a, 401, "4010", "Invalid or expired token")
}

func TestMetrics_404_onThePublicListener(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := do(t, request{method: http.MethodGet, url: w.public + "/metrics", header: http.Header{}})
	mustBe(t, a, 404, "4041", "No such endpoint")
}
