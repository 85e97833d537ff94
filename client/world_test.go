package client_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token = "the-internal-token-of-this-test-marked"
	ws    = domain.WorkspaceID("ws_1")
)

var now = time.Date(2026, 3, 21, 0, 0, 0, 123456789, time.UTC)

type clock struct{ at atomic.Pointer[time.Time] }

func newClock() *clock                    { c := new(clock); c.set(now); return c }
func (c *clock) Now() time.Time           { return *c.at.Load() }
func (c *clock) set(t time.Time)          { c.at.Store(&t) }
func (c *clock) advance(by time.Duration) { c.set(c.Now().Add(by)) }

// The tokens of two owners of the workspace, on two portals.
const (
	ownerToken  = "token-of-the-owner-marked"
	tenantToken = "token-of-the-tenant-marked"
)

// accounts accepts the tokens above.
type accounts struct{}

func (accounts) Authenticate(_ context.Context, token string) (domain.Actor, error) {
	portal, ok := map[string]domain.Portal{ownerToken: domain.PortalPartner, tenantToken: domain.PortalTenant}[token]
	if !ok {
		return domain.Actor{}, domain.ErrInvalidToken
	}
	return domain.Actor{AccountID: "acc-7", Portal: portal, Roles: map[domain.WorkspaceID]domain.Role{ws: domain.RoleOwner}}, nil
}

// world is a running service in memory that requires the token.
type world struct {
	*serving.Service

	clock    *clock
	internal string // http://host:port
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cfg := serving.Config()
	cfg.InternalToken, cfg.SealingKeys = token, cfg.Peppers
	clock := newClock()
	running := serving.Start(t, cfg, apikeys.WithAuthenticator(accounts{}), apikeys.WithClock(clock.Now))
	return &world{Service: running, clock: clock, internal: "http://" + running.Internal}
}

// key creates a key with the given scopes and whitelist.
func (w *world) key(t *testing.T, scopes, addresses []string, change ...func(*apikeys.KeySpec)) domain.Secret {
	t.Helper()
	spec := apikeys.KeySpec{Name: "a key", Scopes: scopes, IPWhitelist: addresses}
	for _, c := range change {
		c(&spec)
	}
	actor := domain.Actor{AccountID: "acc-7", Portal: domain.PortalPartner, Roles: map[domain.WorkspaceID]domain.Role{ws: domain.RoleOwner}}
	owned, err := w.Workspace(t.Context(), actor, ws, domain.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	created, err := owned.CreateKey(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return created.Secret
}

func scopesOf(codes ...string) []domain.Scope {
	scopes := make([]domain.Scope, len(codes))
	for i, c := range codes {
		scopes[i] = domain.Scope(c)
	}
	return scopes
}

// newClient returns a client that is closed when the test ends.
func newClient(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newSecret(t *testing.T) domain.Secret {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// serve starts a server with h and counts the requests.
func serve(t *testing.T, h http.HandlerFunc) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		h(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func writeJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

// yes returns the body of an OK response about a key that never expires.
func yes(id domain.KeyID) string { return yesUntil(id, "null") }

func yesUntil(id domain.KeyID, expires string) string {
	return `{"version":"1.3.0","timestamp":1,"success":true,"code":"2000","message":"SUCCESS","data":{"allowed":true,"reason":"OK","apiKeyId":"` +
		string(id) + `","workspaceId":"ws_1","mode":"LIVE","scopes":["payment:read","payment:write"],"expiresAt":` + expires + `}}`
}
