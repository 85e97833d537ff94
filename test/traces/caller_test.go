package traces_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/slaunchx/apikeys"
)

const (
	callerTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callerSpan  = "00f067aa0ba902b7"
	sampled     = "00-" + callerTrace + "-" + callerSpan + "-01"
	unsampled   = "00-" + callerTrace + "-" + callerSpan + "-00"
)

const unknownSecret = "sk_live_0000000000000000"

func TestTraces_ContinueThoseOfTrustedCallers(t *testing.T) {
	t.Parallel()
	s := newTraced(t, "memory://")
	s.verify(t, unknownSecret, header{"X-Request-Id": s.id("trusted-sampled"), "Traceparent": sampled})
	s.verify(t, unknownSecret, header{"X-Request-Id": s.id("trusted-unsampled"), "Traceparent": unsampled})
	s.verify(t, unknownSecret, header{"X-Request-Id": s.id("trusted-malformed"), "Traceparent": "00-" + callerTrace})
	s.sent(t)
	if got := received.request(t, s.id("trusted-sampled")); got.trace() != callerTrace || got.parent() != callerSpan {
		t.Errorf("the request is in trace %s below %s", got.trace(), got.parent())
	}
	if received.contains(s.id("trusted-unsampled")) {
		t.Error("an unsampled request was sent")
	}
	if got := received.request(t, s.id("trusted-malformed")); got.trace() == callerTrace || got.parent() != "" {
		t.Errorf("the request is in trace %s below %s", got.trace(), got.parent())
	}
}

func TestTraces_NameTheRelease(t *testing.T) {
	t.Parallel()
	s := newTraced(t, "memory://")
	s.verify(t, unknownSecret, header{"X-Request-Id": s.id("released")})
	s.sent(t)
	if got := received.request(t, s.id("released")).attributes["service.version"]; got != release {
		t.Errorf("the release is %q", got)
	}
}

func TestTraces_BeginAnewForPublicRequests(t *testing.T) {
	t.Parallel()
	s := newTraced(t, "memory://")
	for id, traceparent := range map[string]string{"outside-sampled": sampled, "outside-unsampled": unsampled} {
		s.manage(t, http.MethodGet, "", "", header{"X-Request-Id": s.id(id), "Traceparent": traceparent})
	}
	s.sent(t)
	for _, id := range []string{"outside-sampled", "outside-unsampled"} {
		got := received.request(t, s.id(id))
		if got.trace() == callerTrace || got.parent() != "" {
			t.Errorf("%s is in trace %s below %q", id, got.trace(), got.parent())
		}
		if len(got.Links) != 1 || hex.EncodeToString(got.Links[0].SpanId) != callerSpan {
			t.Errorf("%s has the links %v, want one to %s", id, got.Links, callerSpan)
		}
	}
}

func TestTraces_ShowReadsOnlyForCacheMisses(t *testing.T) {
	t.Parallel()
	s := newTraced(t, stores["sqlite"](t))
	_, secret := s.create(t, `{"name":"k"}`, nil)
	for strings.Contains(s.scrape(t, "text/plain"), "\napikeys_cache_hits_total 0\n") {
		s.verify(t, secret, header{"X-Request-Id": s.id("verify-again")})
	}
	scraped := s.scrape(t, "text/plain")
	s.sent(t)
	var reads int
	for _, check := range received.spansThat(func(check span) bool { return check.attributes["apikeys.request_id"] == s.id("verify-again") }) {
		if below := withoutFirsts(received.below(check)); slices.Equal(below, []string{"SELECT"}) {
			reads++
		} else if below != nil {
			t.Errorf("the spans below a check are %v", below)
		}
	}
	if want := fmt.Sprintf("\napikeys_cache_misses_total %d\n", reads); reads == 0 || !strings.Contains(scraped, want) {
		t.Errorf("%d reads are traced; the metrics lack %s", reads, want)
	}
}

func TestTraces_OmitProbesAndScrapes(t *testing.T) {
	t.Parallel()
	s := newTraced(t, stores["sqlite"](t))
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("X-Request-Id", s.id("probed"))
		r.Header.Set("X-Internal-Token", internalToken)
		s.InternalHandler().ServeHTTP(httptest.NewRecorder(), r)
	}
	s.verify(t, unknownSecret, header{"X-Request-Id": s.id("no-probe")})
	s.sent(t)
	received.request(t, s.id("no-probe"))
	if received.contains(s.id("probed")) {
		t.Error("a probe is traced")
	}
}

func TestTraces_AreNamedInLogAndExemplars(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newTraced(t, "memory://", apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	s.manage(t, http.MethodGet, "", "", header{"X-Request-Id": s.id("logged")})
	s.verify(t, unknownSecret, header{"X-Request-Id": s.id("counted")})
	openMetrics, plain := s.scrape(t, "application/openmetrics-text"), s.scrape(t, "text/plain")
	s.sent(t)
	logged, counted := received.request(t, s.id("logged")), received.request(t, s.id("counted"))
	if !strings.Contains(log.String(), `"trace_id":"`+logged.trace()+`"`) {
		t.Errorf("the log lacks %s:\n%s", logged.trace(), log.String())
	}
	for _, trace := range []string{logged.trace(), counted.trace()} {
		if exemplar := `# {trace_id="` + trace + `"} `; !strings.Contains(openMetrics, exemplar) || strings.Contains(plain, trace) {
			t.Errorf("%q is in OpenMetrics: %v, in plain text: %v", exemplar, strings.Contains(openMetrics, exemplar), strings.Contains(plain, trace))
		}
	}
}

func (s service) scrape(t *testing.T, accept string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	r.Header.Set("X-Internal-Token", internalToken)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	s.InternalHandler().ServeHTTP(w, r)
	return w.Body.String()
}

func TestTraces_AreOffByDefault(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	for _, opts := range [][]apikeys.Option{nil, {apikeys.WithTracerProvider(noop.NewTracerProvider())}} {
		s := newService(t, "memory://", append(opts, apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))...)
		s.manage(t, http.MethodGet, "", "", header{"X-Request-Id": s.id("untraced")})
		s.sent(t)
	}
	if received.contains("untraced-") || strings.Contains(log.String(), "trace_id") || !strings.Contains(log.String(), "untraced") {
		t.Errorf("the service is traced, or the log is wrong:\n%s", log.String())
	}
}
