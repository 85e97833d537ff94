package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/domain"
)

// forProxy adapts h to a proxy's request about a request of its client, which
// may have any method and has no body.
func (a *API) forProxy(h handler) echo.HandlerFunc {
	h = a.internal(h)
	return a.plain(func(x *exchange) error {
		x.quiet = true
		// A proxy may forward the Content-Length without the body. net/http
		// would wait for the body before it responds, and then treat the
		// beginning of the next request as the body.
		if x.Request().ContentLength != 0 {
			x.Response().Header().Set("Connection", "close")
		}
		return h(x)
	})
}

// authorizeByQuery reads the scopes from the query.
func (a *API) authorizeByQuery(x *exchange) error {
	scopes, faults := scopesInQuery(x.wanted[:0], x.Request().URL.RawQuery)
	if faults != nil {
		return faults.Err()
	}
	return a.authorize(x, scopes)
}

// authorizeByPath reads the scopes from the path.
func (a *API) authorizeByPath(x *exchange) error {
	scopes := scopesInPath(x.Request().URL.RawPath != "", x.Param("*"))
	if scopes == nil {
		return echo.ErrNotFound
	}
	return a.authorize(x, scopes)
}

// authorize responds to a proxy: 204 with the identity of the key, or an error.
// A scope that no key can hold is reported as not held, and not as malformed.
func (a *API) authorize(x *exchange, scopes []domain.Scope) error {
	decision, err := a.checkKeyOf(x.Request(), scopes)
	x.keyID, x.workspace = decision.Key.KeyID, decision.Key.Workspace
	if err != nil {
		return err
	}
	x.identify(decision.Key)
	x.code = codeSuccess
	x.Response().WriteHeader(http.StatusNoContent)
	return nil
}

// identify sets the identity headers. Header.Set would do the same with four
// allocations.
func (p *reply) identify(key domain.Identity) {
	p.told = answer.IdentityValues(key)
	h := p.w.Header()
	for i, name := range answer.IdentityHeaders {
		h[name] = p.told[i : i+1 : i+1]
	}
}

// scopesInQuery appends every scope parameter to scopes. It rejects all other
// parameters, since a misspelt one must not silently check less, and queries
// that url.ParseQuery rejects.
func scopesInQuery(scopes []domain.Scope, query string) ([]domain.Scope, domain.Faults) {
	var faults domain.Faults
	for query != "" {
		var pair string
		if pair, query, _ = strings.Cut(query, "&"); pair == "" {
			continue
		}
		name, value, illFormed := form.SplitPair(pair)
		switch {
		case illFormed != nil: // named after the only parameter
			return nil, form.Fault("scope", domain.ReasonSyntax, form.RuleQuerySyntax)
		case name != "scope":
			faults = append(faults, form.Fault(name, domain.ReasonUnknownField, form.RuleUnknownField)...)
		default:
			scopes = append(scopes, domain.Scope(value))
		}
	}
	return scopes, faults
}

// scopesInPath reads the segments that contain scopes: the first one, and the
// following ones that contain a colon. The rest is the path of the client's
// request, which the proxy has appended. It returns nil if there is no first
// segment.
func scopesInPath(escaped bool, path string) []domain.Scope {
	var scopes []domain.Scope
	for segment := range strings.SplitSeq(path, "/") {
		if decoded, err := url.PathUnescape(segment); escaped && err == nil {
			segment = decoded
		}
		if segment == "" || scopes != nil && !strings.Contains(segment, ":") {
			break
		}
		scopes = append(scopes, domain.Scope(segment))
	}
	return scopes
}
