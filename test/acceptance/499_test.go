package acceptance

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/logbook"
)

// hungUp is a repository whose clients hang up while it works.
type hungUp struct {
	ports.KeyRepository
	hangUp  func()
	release <-chan struct{} // Find waits for it, as for a slow database
}

func (h hungUp) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	h.hangUp()
	<-ctx.Done()
	return h.KeyRepository.Create(ctx, key, event, options)
}

func (h hungUp) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	h.hangUp()
	<-h.release
	return h.KeyRepository.Find(ctx, id)
}

func (h hungUp) Ready(ctx context.Context) error {
	h.hangUp()
	<-ctx.Done()
	return fmt.Errorf("%w: %w", domain.ErrUnavailable, ctx.Err())
}

// A client that hangs up is not a failure of the service, neither in alerts nor
// in the log.
func TestHangUp_IsNotAFailure(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	var log logbook.Book
	w := newWorld(t, nil, apikeys.WithStore(apikeys.Store{Keys: hungUp{memory.NewKeyRepository(), cancel, release}}),
		apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	key := http.Header{"X-Api-Key": {unknownSecret(t)}}
	gate := w.service.RequireHTTP("payment:read")(http.NotFoundHandler())
	for name, tc := range map[string]struct {
		handler http.Handler
		request request
		route   string // empty for an embedder's route
	}{
		"a creation":          {w.service.Handler(), w.create(t, `{"name":"k"}`), "/web/v1/workspaces/:workspaceId/api-keys"},
		"a check":             {w.service.InternalHandler(), w.verify(`{"key":"` + unknownSecret(t) + `"}`), "/internal/v1/api-keys/verify"},
		"several checks":      {w.service.InternalHandler(), w.verify(`[{"key":"` + unknownSecret(t) + `"}]`), "/internal/v1/api-keys/verify"},
		"a check for a proxy": {w.service.InternalHandler(), request{method: http.MethodGet, url: w.internal + "/internal/v1/authorize", header: key}, "/internal/v1/authorize"},
		"a probe":             {w.service.InternalHandler(), request{method: http.MethodGet, url: w.internal + "/readyz"}, "/readyz"},
		"an embedder's route": {gate, request{method: http.MethodGet, url: w.public, header: key}, ""},
	} {
		before := len(log.String())
		r := httptest.NewRequestWithContext(ctx, tc.request.method, tc.request.url, strings.NewReader(tc.request.body))
		r.Header = tc.request.header
		tc.handler.ServeHTTP(httptest.NewRecorder(), r)
		lines := log.String()[before:]
		if strings.Contains(lines, `"level":"ERROR"`) {
			t.Errorf("%s is logged as an error:\n%s", name, lines)
		}
		if tc.route != "" && !(strings.Contains(lines, `"status":499`) && strings.Contains(lines, `"route":"`+tc.route+`"`)) {
			t.Errorf("%s is not logged with status 499:\n%s", name, lines)
		}
	}
	metrics := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"}).body
	for _, want := range []string{
		`apikeys_http_requests_total{method="POST",route="/web/v1/workspaces/:workspaceId/api-keys",status="499"} 1`,
		`apikeys_http_requests_total{method="POST",route="/internal/v1/api-keys/verify",status="499"} 2`,
		`apikeys_http_requests_total{method="GET",route="/internal/v1/authorize",status="499"} 1`,
		`apikeys_http_requests_total{method="GET",route="/readyz",status="499"} 1`,
		`apikeys_checks_total{verdict="canceled"} 4`,
		`apikeys_checks_total{verdict="error"} 0`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(metrics, `status="503"`) {
		t.Error("a 503 was counted")
	}
}

// A store that fails while its client hangs up is still a failure.
func TestHangUp_HidesNoFailure(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w := failingWorld(t, func() error {
		cancel()
		return fmt.Errorf("the line is dead: %w", domain.ErrUnavailable)
	})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, w.public+keysPath, strings.NewReader(`{"name":"k"}`))
	r.Header = w.create(t, "").header
	w.service.Handler().ServeHTTP(httptest.NewRecorder(), r)
	const want = `apikeys_http_requests_total{method="POST",route="/web/v1/workspaces/:workspaceId/api-keys",status="503"} 1`
	if metrics := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"}).body; !strings.Contains(metrics, want+"\n") {
		t.Errorf("metrics lack %s", want)
	}
}

func TestHangUp_IsNoticedOnAConnection(t *testing.T) {
	t.Parallel()
	for range 20 { // on a busy machine, one that is noticed only after 2 s is a 503
		if creationHungUp(t) == "499" {
			return
		}
	}
	t.Error("no hang-up was noticed")
}

var creations = regexp.MustCompile(`apikeys_http_requests_total\{method="POST",route="/web/v1/workspaces/:workspaceId/api-keys",status="(\d+)"\} 1\n`)

// creationHungUp hangs up during a create, and returns the status under which
// it is counted.
func creationHungUp(t *testing.T) string {
	t.Helper()
	entered := make(chan struct{})
	w := newWorld(t, nil, apikeys.WithStore(apikeys.Store{Keys: hungUp{memory.NewKeyRepository(), func() { close(entered) }, nil}}))
	address := strings.TrimPrefix(w.public, "http://")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-Client-Hash: %s\r\n"+
		"X-Workspace-Id: %s\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"name\":\"k\"}",
		keysPath, address, w.token(t), clientHash, workspace)
	<-entered
	conn.Close()
	for {
		metrics := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"}).body
		if counted := creations.FindStringSubmatch(metrics); counted != nil {
			return counted[1]
		}
	}
}
