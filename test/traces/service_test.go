package traces_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/adapters/otlp"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	workspace     = "ws_1"
	token         = "token-hunter2"
	internalToken = "internal-token-hunter2-of-32-characters"
)

var stores = map[string]func(t *testing.T) string{
	"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "apikeys.db") },
	"postgres": func(t *testing.T) string { return pgtest.NewDatabase(t) },
}

// anyone accepts every token as that of the workspace's owner.
type anyone struct{}

func (anyone) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{
		AccountID: "acc-7",
		Portal:    domain.PortalPartner,
		Roles:     map[domain.WorkspaceID]domain.Role{workspace: domain.RoleOwner},
	}, nil
}

// service is a service with a unique name, which is part of its request IDs.
type service struct {
	*apikeys.Service
	name      string
	tracing   *otlp.Tracing // nil if the service is not traced
	listening chan apikeys.Listeners
}

func (s service) id(request string) string { return request + "-" + s.name }

func newService(t *testing.T, database string, opts ...apikeys.Option) service {
	t.Helper()
	cfg := config.Default()
	cfg.DatabaseURL = config.Secret(database)
	cfg.Peppers = "p1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	cfg.InternalToken = internalToken
	cfg.Addr, cfg.InternalAddr, cfg.ExtAuthzAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	listening := make(chan apikeys.Listeners, 1)
	s, err := apikeys.New(t.Context(), cfg, append([]apikeys.Option{
		apikeys.WithAuthenticator(anyone{}),
		apikeys.WithLogger(slog.New(slog.DiscardHandler)),
		apikeys.WithMetrics(telemetry.New(telemetry.Options{})),
		apikeys.WithExtAuthz(extauthz.New),
		apikeys.WithListening(func(l apikeys.Listeners) { listening <- l }),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return service{Service: s, name: rand.Text(), listening: listening}
}

const release = "v9.8.7"

// newTraced returns a service whose traces go to the collector that the OTEL_…
// variables of the process name.
func newTraced(t *testing.T, database string, opts ...apikeys.Option) service {
	t.Helper()
	tracing, err := otlp.New(t.Context(), slog.New(slog.DiscardHandler), release)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tracing.Close() })
	s := newService(t, database, append(opts, apikeys.WithTracerProvider(tracing.Provider()))...)
	s.tracing = tracing
	return s
}

// sent closes the service and sends the rest of its spans.
func (s service) sent(t *testing.T) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.tracing == nil {
		return
	}
	if err := s.tracing.Close(); err != nil {
		t.Fatal(err)
	}
}

// header holds additional headers of a request.
type header map[string]string

// manage sends a request of the owner.
func (s service) manage(t *testing.T, method, path, body string, h header) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, s.Handler(), method, "/web/v1/workspaces/"+workspace+"/api-keys"+path, body, h)
}

// create creates a key and returns its ID and secret.
func (s service) create(t *testing.T, body string, h header) (id, secret string) {
	t.Helper()
	return newSecret(t, s.manage(t, http.MethodPost, "", body, h))
}

// newSecret returns the ID and the new secret of a key in a response.
func newSecret(t *testing.T, w *httptest.ResponseRecorder) (id, secret string) {
	t.Helper()
	var response struct {
		Data struct{ APIKeyID, Secret string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &response); err != nil || response.Data.APIKeyID == "" || response.Data.Secret == "" {
		t.Fatalf("the response has no secret: %d %s, %v", w.Code, w.Body, err)
	}
	return response.Data.APIKeyID, response.Data.Secret
}

// verify checks the key without scopes.
func (s service) verify(t *testing.T, secret string, h header) {
	t.Helper()
	send(t, s.InternalHandler(), http.MethodPost, "/internal/v1/api-keys/verify", `{"key":"`+secret+`"}`, h)
}

func send(t *testing.T, to http.Handler, method, path, body string, h header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for name, value := range map[string]string{
		"Authorization":    "Bearer " + token,
		"Content-Type":     "application/json",
		"X-Client-Hash":    "device-hunter2",
		"X-Internal-Token": internalToken,
		"X-Workspace-Id":   workspace,
	} {
		r.Header.Set(name, value)
	}
	for name, value := range h {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	to.ServeHTTP(w, r)
	if !json.Valid(w.Body.Bytes()) {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w
}
