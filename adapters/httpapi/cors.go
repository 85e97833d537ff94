package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// managementPath is the beginning of the paths that pages of other origins may
// use.
const managementPath = "/web/v1/"

// Headers of the CORS protocol (Fetch standard, section 3.3). Credentials are never
// allowed, because requests are authenticated by a bearer token that the page must
// have. These slices must not be modified.
var (
	corsExposedHeaders = []string{"Allow, Content-Language, ETag, Idempotent-Replayed, Location, Retry-After, WWW-Authenticate, X-Request-Id"}
	corsAllowedHeaders = []string{"Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, X-Client-Hash, X-Request-Id, X-Workspace-Id"}
	corsMaxAge         = []string{"600"} // seconds, after which a change of the configuration takes effect
)

// share lets pages of the given origins read the response, whatever its status. Without
// origins it changes nothing.
func share(x *exchange, origins []string) {
	if len(origins) == 0 || !strings.HasPrefix(x.Request().URL.Path, managementPath) {
		return
	}
	h := x.Response().Header()
	h["Vary"] = append(slices.Clip(h["Vary"]), "Origin")
	from := x.Request().Header["Origin"]
	if len(from) != 1 || !slices.Contains(origins, from[0]) {
		return
	}
	x.shared = true
	h["Access-Control-Allow-Origin"] = []string{from[0]}
	h["Access-Control-Expose-Headers"] = corsExposedHeaders
}

// refuseMethod returns the error for a method that the route does not have, unless the
// request is a CORS preflight.
func refuseMethod(x *exchange, methods string) error {
	if !x.shared || x.Request().Method != http.MethodOptions {
		return methodNotAllowed{allow: methods}
	}
	x.quiet, x.code = true, codeSuccess
	h := x.Response().Header()
	h["Access-Control-Allow-Methods"] = []string{methods}
	h["Access-Control-Allow-Headers"] = corsAllowedHeaders
	h["Access-Control-Max-Age"] = corsMaxAge
	x.Response().WriteHeader(http.StatusNoContent)
	return nil
}
