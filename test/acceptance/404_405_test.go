package acceptance

import (
	"net/http"
	"testing"
)

func TestRoute_404(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, path := range map[string]string{
		"the root":                      "/",
		"an unknown path":               "/web/v1/nothing",
		"a trailing slash":              keysPath + "/",
		"an empty workspace":            "/web/v1/workspaces//api-keys",
		"another version":               "/web/v2/workspaces/ws_1/api-keys",
		"the permission check":          "/internal/v1/api-keys/verify",
		"the probes":                    "/readyz",
		"a path in another case":        "/web/v1/workspaces/ws_1/API-KEYS",
		"a path with an encoded hyphen": "/web/v1/workspaces/ws_1/api%2Dkeys",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions, http.MethodDelete} {
				a := do(t, request{method: method, url: w.public + path, header: http.Header{}})
				mustBe(t, a, 404, "4041", "No such endpoint")
			}
		})
	}
}

func TestRoute_405(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW"} {
		a := do(t, request{method: method, url: w.public + keysPath, header: http.Header{}})
		mustBe(t, a, 405, "4050", "Method not allowed")
		if got := a.header.Get("Allow"); got != "GET, POST" {
			t.Errorf("%s: Allow = %q, want GET, POST", method, got)
		}
	}
	if a := do(t, request{method: "HEAD", url: w.public + keysPath, header: http.Header{}}); a.status != 405 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
}
