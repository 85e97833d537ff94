package telemetry_test

import (
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// fromCallers holds values that a caller may send or that may be derived from a
// request.
var fromCallers = []string{
	"", "/", "/livez/", "/LIVEZ", "/web/v1/workspaces/ws_1/api-keys/sk_live_0000000000000000", "sk_live_0000000000000000",
	"ws_1", "BREW", "get", "GET ", "\xff\xfe", "\x00", "a\nb", `a"b\`, "other\n", "verdict",
}

func TestLabels_TakeNoValueFromCallers(t *testing.T) {
	t.Parallel()
	m := attached(t, sources())
	for i, text := range fromCallers {
		m.ObserveRequest(t.Context(), text, text, i*100-300, time.Millisecond)
		m.ObserveRequest(t.Context(), "/livez", text, 200, -time.Millisecond)
		m.EndCheck(m.BeginCheck(), domain.Verdict(text), nil)
	}
	m.ObserveRequest(t.Context(), "/livez", "GET", 299, time.Millisecond)
	m.ObserveRequest(t.Context(), "/livez", "GET", 499, time.Millisecond)

	allowed := map[string][]string{
		"route":   {"/livez", "/internal/v1/api-keys/verify", "other"},
		"method":  {"GET", "other"},
		"status":  {"100", "200", "300", "400", "499", "500", "other"},
		"limit":   {"account", "address", "leaks"},
		"outcome": {"disabled", "ended", "recorded", "unknown"},
		"verdict": {"OK", "NOT_FOUND", "DISABLED", "EXPIRED", "IP_NOT_ALLOWED", "INSUFFICIENT_SCOPE", "RATE_LIMITED", "QUOTA_EXCEEDED", "canceled", "error"},
	}
	seen := map[string]bool{}
	for _, s := range samples(t, scrape(t, m)) {
		for name, values := range allowed {
			value, ok := s.labels[name]
			if ok && !slices.Contains(values, value) {
				t.Errorf("%s has %s=%q", s.name, name, value)
			}
			seen[name+value] = seen[name+value] || ok
		}
	}
	for name, values := range allowed {
		for _, value := range values {
			if !seen[name+value] {
				t.Errorf("%s=%q was never seen", name, value)
			}
		}
	}
}

func TestObserveRequest(t *testing.T) {
	t.Parallel()
	m := attached(t, sources())
	m.ObserveRequest(t.Context(), "/livez", "GET", 200, 3*time.Millisecond)
	m.ObserveRequest(t.Context(), "/livez", "PATCH", 405, 3*time.Millisecond)
	m.ObserveRequest(t.Context(), "/nowhere", "GET", 404, 3*time.Millisecond)
	expect(t, scrape(t, m),
		`apikeys_http_requests_total{method="GET",route="/livez",status="200"} 1`,
		`apikeys_http_requests_total{method="PATCH",route="/livez",status="405"} 1`,
		`apikeys_http_requests_total{method="GET",route="other",status="404"} 1`,
		`apikeys_http_request_duration_seconds_bucket{route="/livez",le="0.0025"} 0`,
		`apikeys_http_request_duration_seconds_bucket{route="/livez",le="0.005"} 2`,
		`apikeys_http_request_duration_seconds_count{route="other"} 1`,
		`apikeys_http_request_duration_seconds_count{route="/internal/v1/api-keys/verify"} 0`)
}
