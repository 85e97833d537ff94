package acceptance

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/config"
)

const portalOrigin = "https://portal.example"

// newSharingWorld starts a service for pages of two origins. The document says
// what clients of the API may expect, and not what browsers arrange among
// themselves, so these exchanges are not held to it.
func newSharingWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, func(cfg *config.Config) { cfg.CORSOrigins = []string{"http://localhost:3000", portalOrigin} })
	w.unchecked()
	return w
}

// preflight is what a browser asks before a page of origin sends a POST.
func preflight(url, origin string) request {
	return request{method: http.MethodOptions, url: url, header: http.Header{
		"Origin":                         {origin},
		"Access-Control-Request-Method":  {"POST"},
		"Access-Control-Request-Headers": {"authorization,content-type,x-client-hash,x-workspace-id"},
	}}
}

// accessControl returns the headers of a response that CORS is made of.
func accessControl(a answer) []string {
	var names []string
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// The methods of a preflight are those of the route.
func TestCORS_204(t *testing.T) {
	t.Parallel()
	w := newSharingWorld(t)
	for path, methods := range map[string]string{
		keysPath:                                      "GET, POST",
		keysPath + "/delete":                          "POST",
		keysPath + "/sk_live_0123456789ABCDEF":        "GET, PATCH",
		keysPath + "/sk_live_0123456789ABCDEF/rotate": "POST",
		keysPath + "/sk_live_0123456789ABCDEF/events": "GET",
		keysPath + "/sk_live_0123456789ABCDEF/usage":  "GET",
		keysPath + "/sk_live_0123456789ABCDEF/limits": "GET",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			a := do(t, preflight(w.public+path, portalOrigin))
			if a.status != http.StatusNoContent || a.body != "" {
				t.Fatalf("answer = %d %s", a.status, a.body)
			}
			for name, want := range map[string]string{
				"Access-Control-Allow-Origin":  portalOrigin,
				"Access-Control-Allow-Methods": methods,
				"Vary":                         "Origin",
				"Cache-Control":                "no-store",
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
			allowed := strings.Split(strings.ToLower(a.header.Get("Access-Control-Allow-Headers")), ", ")
			for _, name := range []string{"authorization", "content-type", "x-client-hash", "x-workspace-id", "idempotency-key", "if-match", "x-request-id", "accept-language"} {
				if !slices.Contains(allowed, name) {
					t.Errorf("Access-Control-Allow-Headers lacks %s: %q", name, allowed)
				}
			}
			if a.header.Values("Access-Control-Allow-Credentials") != nil {
				t.Error("credentials are allowed")
			}
		})
	}
}

// A page can read every response, above all those that say what went wrong.
func TestCORS_ResponsesCanBeRead(t *testing.T) {
	t.Parallel()
	w := newSharingWorld(t)
	from := set("Origin", portalOrigin)
	for name, tt := range map[string]struct {
		r      request
		status int
	}{
		"a success":           {w.create(t, `{"name":"k"}`, from), 201},
		"a validation error":  {w.create(t, `{"name":""}`, from), 400},
		"a missing token":     {w.create(t, `{"name":"k"}`, from, without("Authorization")), 401},
		"an unknown endpoint": {request{method: http.MethodGet, url: w.public + "/web/v1/nothing", header: http.Header{"Origin": {portalOrigin}}}, 404},
		"a wrong method":      {request{method: http.MethodPut, url: w.public + keysPath, header: http.Header{"Origin": {portalOrigin}}}, 405},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := do(t, tt.r)
			if a.status != tt.status || a.header.Get("Access-Control-Allow-Origin") != portalOrigin {
				t.Errorf("answer = %d %v, want %d", a.status, a.header, tt.status)
			}
			exposed := strings.Split(a.header.Get("Access-Control-Expose-Headers"), ", ")
			for _, name := range []string{"ETag", "Location", "Retry-After", "X-Request-Id", "Idempotent-Replayed", "Content-Language", "WWW-Authenticate"} {
				if !slices.Contains(exposed, name) {
					t.Errorf("Access-Control-Expose-Headers lacks %s: %q", name, exposed)
				}
			}
			if vary := strings.Join(a.header.Values("Vary"), ", "); vary != "Accept-Language, Origin" {
				t.Errorf("Vary = %q", vary)
			}
		})
	}
}

// Whoever is not listed gets what everyone gets, with Vary for caches.
func TestCORS_405_ForOtherOrigins(t *testing.T) {
	t.Parallel()
	w := newSharingWorld(t)
	for name, origin := range map[string][]string{
		"none":                       nil,
		"another":                    {"https://evil.example"},
		"null":                       {"null"},
		"a longer one":               {portalOrigin + ".evil.example"},
		"a listed one with a slash":  {portalOrigin + "/"},
		"a listed one in capitals":   {"https://PORTAL.example"},
		"a listed one by plain http": {"http://portal.example"},
		"a listed one, another port": {portalOrigin + ":8443"},
		"two":                        {portalOrigin, portalOrigin},
		"two in one line":            {portalOrigin + ", " + portalOrigin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := preflight(w.public+keysPath, "")
			r.header["Origin"] = origin
			a := do(t, r)
			mustBe(t, a, 405, "4050", "Method not allowed")
			if names := accessControl(a); names != nil || a.header.Get("Allow") != "GET, POST" {
				t.Errorf("answer has %v, and Allow %q", names, a.header.Get("Allow"))
			}
			if vary := strings.Join(a.header.Values("Vary"), ", "); vary != "Accept-Language, Origin" {
				t.Errorf("Vary = %q", vary)
			}
		})
	}
}

func TestCORS_404_ForAnUnknownPath(t *testing.T) {
	t.Parallel()
	w := newSharingWorld(t)
	mustBe(t, do(t, preflight(w.public+"/web/v1/nothing", portalOrigin)), 404, "4041", "No such endpoint")
}

// Without the variable, nothing is different for a request with an origin.
func TestCORS_OffByDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, method := range []string{http.MethodOptions, http.MethodGet, http.MethodPut} {
		with := request{method: method, url: w.public + keysPath, header: preflight("", portalOrigin).header}
		without := request{method: method, url: w.public + keysPath, header: http.Header{}}
		a, b := do(t, with), do(t, without)
		if diff := cmp.Diff(seen(b), seen(a), cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s (-without +with an origin):\n%s", method, diff)
		}
		if names := accessControl(a); names != nil {
			t.Errorf("%s: answer has %v", method, names)
		}
	}
}

// The check, the probes and the documents are not for pages of others.
func TestCORS_OnlyTheManagementAPI(t *testing.T) {
	t.Parallel()
	w := newSharingWorld(t)
	for _, url := range []string{w.internal + "/internal/v1/authorize", w.internal + "/livez", w.internal + "/openapi.json", w.public + "/openapi.json"} {
		a := do(t, request{method: http.MethodGet, url: url, header: http.Header{"Origin": {portalOrigin}}})
		if names := accessControl(a); names != nil || slices.Contains(a.header.Values("Vary"), "Origin") {
			t.Errorf("%s: answer has %v", url, a.header)
		}
	}
}
