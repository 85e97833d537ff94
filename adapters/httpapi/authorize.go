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

// forProxy adapts h to the request of a proxy about a request of its client: any
// method, and no body.
func (a *API) forProxy(h handler) echo.HandlerFunc {
	h = a.internal(h)
	return a.plain(func(x *exchange) error {
		x.quiet = true
		// A proxy may pass on the Content-Length of a body that it keeps.
		// net/http would wait for the body before it answers, and then take
		// the start of the next request for it.
		if x.Request().ContentLength != 0 {
			x.Response().Header().Set("Connection", "close")
		}
		return h(x)
	})
}

// authorizeByQuery takes the scopes from the query.
func (a *API) authorizeByQuery(x *exchange) error {
	scopes, faults := scopesInQuery(x.wanted[:0], x.Request().URL.RawQuery)
	if faults != nil {
		return faults.Err()
	}
	return a.authorize(x, scopes)
}

// authorizeByPath takes the scopes from the path.
func (a *API) authorizeByPath(x *exchange) error {
	scopes := scopesInPath(x.Request().URL.RawPath != "", x.Param("*"))
	if scopes == nil {
		return echo.ErrNotFound
	}
	return a.authorize(x, scopes)
}

// authorize answers a proxy: 204 and who the key is, or why not. A scope that
// no key can hold is not held; that it is none is not said.
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

// identify tells who the key is. It sets what Header.Set would, which would
// allocate four times.
func (p *reply) identify(key domain.Identity) {
	p.told = answer.IdentityValues(key)
	h := p.w.Header()
	for i, name := range answer.IdentityHeaders {
		h[name] = p.told[i : i+1 : i+1]
	}
}

// scopesInQuery appends every scope parameter to scopes. Any other is refused, since a
// misspelt one must never quietly ask for less; so is what url.ParseQuery
// finds ill-formed.
func scopesInQuery(scopes []domain.Scope, query string) ([]domain.Scope, domain.Faults) {
	var faults domain.Faults
	for query != "" {
		var pair string
		if pair, query, _ = strings.Cut(query, "&"); pair == "" {
			continue
		}
		name, value, illFormed := form.SplitPair(pair)
		switch {
		case illFormed != nil: // named by what was meant: there is one parameter
			return nil, form.Fault("scope", domain.ReasonSyntax, form.RuleQuerySyntax)
		case name != "scope":
			faults = append(faults, form.Fault(name, domain.ReasonUnknownField, form.RuleUnknownField)...)
		default:
			scopes = append(scopes, domain.Scope(value))
		}
	}
	return scopes, faults
}

// scopesInPath reads the segments that scopes are written in: the first, and
// those next to it that have a colon. The first of another kind begins what
// the proxy has appended, the path of the request it asks about. It returns
// nil when there is no first.
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
