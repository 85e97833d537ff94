package apikeys_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestHandler_LocationIncludesWhereItIsMounted(t *testing.T) {
	t.Parallel()
	service, err := newService(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	stripped := http.StripPrefix("/keys", service.Handler())
	mux := http.NewServeMux()
	mux.Handle("/keys/", stripped)
	e := echo.New()
	e.Any("/keys/*", echo.WrapHandler(stripped))
	// Removes everything before the routes of the service.
	careless := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, path, _ := strings.Cut(r.URL.Path, "/web/")
		r.URL.Path = "/web/" + path
		service.Handler().ServeHTTP(w, r)
	})
	const keys = "/web/v1/workspaces/ws_1/api-keys"
	for name, c := range map[string]struct {
		handler      http.Handler
		target, want string
	}{
		"at the root":                        {service.Handler(), keys, keys},
		"below a prefix":                     {mux, "/keys" + keys, "/keys" + keys},
		"below a prefix of echo":             {e, "/keys" + keys, "/keys" + keys},
		"below an escaped prefix":            {http.StripPrefix("/my keys", service.Handler()), "/my%20keys" + keys, "/my%20keys" + keys},
		"requested with an absolute URL":     {mux, "http://example.com/keys" + keys, "/keys" + keys},
		"below a path that the client chose": {careless, "//evil.example" + keys, keys},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.target, strings.NewReader(`{"name":"k"}`))
			r.Header.Set("Authorization", "Bearer token-of-alice")
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Client-Hash", "device-1")
			r.Header.Set("X-Workspace-Id", "ws_1")
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, r)
			id, ok := strings.CutPrefix(w.Header().Get("Location"), c.want+"/")
			if !ok || w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), `"apiKeyId":"`+id+`"`) {
				t.Errorf("POST %s: %d, Location %q, want the key below %s\n%s", c.target, w.Code, w.Header().Get("Location"), c.want, w.Body)
			}
		})
	}
}
