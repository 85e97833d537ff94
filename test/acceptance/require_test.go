package acceptance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

func TestRequire_PassesTheIdentityOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}, Mode: domain.ModeTest})
	var seen []apikeys.Identity
	note := func(ctx context.Context) {
		identity, ok := apikeys.IdentityFrom(ctx)
		if !ok {
			t.Error("no identity behind the door")
		}
		seen = append(seen, identity)
	}
	e := echo.New()
	e.GET("/", func(c echo.Context) error {
		note(c.Request().Context())
		return c.NoContent(http.StatusOK)
	}, w.service.Require())
	for _, h := range []http.Handler{e, w.service.RequireHTTP()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r.Context())
		w.WriteHeader(http.StatusOK)
	}))} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header = with(secret)
		res := httptest.NewRecorder()
		h.ServeHTTP(res, r)
		if res.Code != http.StatusOK || len(res.Header()) != 0 {
			t.Errorf("answer = %d %v, want what the handler said and no more", res.Code, res.Header())
		}
	}
	if len(seen) != 2 {
		t.Fatalf("the handlers were called %d times", len(seen))
	}
	for _, identity := range seen {
		if string(identity.KeyID) != id || identity.Workspace != workspace || identity.Mode != domain.ModeTest || !identity.Scopes.Holds([]domain.Scope{"payment:read"}) {
			t.Errorf("identity = %+v", identity)
		}
	}
}

func TestIdentityFrom_IsFalseInAnyOtherContext(t *testing.T) {
	t.Parallel()
	if identity, ok := apikeys.IdentityFrom(t.Context()); ok {
		t.Errorf("identity = %+v", identity)
	}
}

func TestRequire_PanicsOnAnInvalidScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, scope := range []string{"", "payment", "Payment:read", "payment:read payment:write"} {
		for name, require := range map[string]func(){
			"Require":     func() { w.service.Require("payment:read", scope) },
			"RequireHTTP": func() { w.service.RequireHTTP("payment:read", scope) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s(%q) did not panic", name, scope)
					}
				}()
				require()
			}()
		}
	}
}

// Headers that the embedder has set are preserved.
func TestRequire_KeepsTheEmbeddersHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	res := httptest.NewRecorder()
	res.Header().Set("Vary", "Origin")
	res.Header().Set("X-Request-Id", "theirs")
	handler := w.service.RequireHTTP()(http.NotFoundHandler())
	handler.ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	if got := res.Header().Values("Vary"); len(got) != 2 || res.Header().Get("X-Request-Id") != "theirs" {
		t.Errorf("answer = %d %v", res.Code, res.Header())
	}
}
