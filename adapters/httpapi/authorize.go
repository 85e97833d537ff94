package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// forProxy adapts h to requests that a proxy makes about the requests of its clients.
// They may have any method, and have no body.
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

// proxied contains the parameters of a proxy's request.
type proxied struct {
	keycheck.Wanted
	// asForbidden requests a 403 instead of a 429, because auth_request of nginx turns
	// a 429 into a 500.
	asForbidden bool
}

// authorizeByQuery reads the scopes and the cost from the query.
func (a *API) authorizeByQuery(x *exchange) error {
	asked, faults := readProxyQuery(x.wanted[:0], x.Request().URL.RawQuery)
	if faults != nil {
		return faults.Err()
	}
	return a.authorize(x, asked)
}

// authorizeByPath reads the scopes, and the cost if there is one, from the path.
func (a *API) authorizeByPath(x *exchange) error {
	var asked proxied
	if asked.Scopes = scopesInPath(x.Request().URL.RawPath != "", x.Param("*")); asked.Scopes == nil {
		return echo.ErrNotFound
	}
	if x.Path() == authorizeCostPath {
		cost := pathParam(x, "cost")
		if cost == "" {
			return echo.ErrNotFound
		}
		var faults domain.Faults
		if asked.Cost, faults = answer.ParseCost(cost); faults != nil {
			return faults.At("cost").Err()
		}
	}
	return a.authorize(x, asked)
}

// authorize responds to a proxy: 204 with the identity of the key, or an error.
// A scope that no key can hold is reported as not held, and not as malformed.
func (a *API) authorize(x *exchange, asked proxied) error {
	decision, err := a.checkKeyOf(x.Request(), asked.Wanted)
	x.keyID, x.workspace = decision.Key.KeyID, decision.Key.Workspace
	answer.SetLimits(x.Response().Header(), decision, asked.Cost)
	if err != nil {
		if asked.asForbidden && outcomeOf(err).Status == http.StatusTooManyRequests {
			x.Response().Header().Set("X-Api-Key-Status", "429")
			return &asForbidden{err}
		}
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

// readProxyQuery appends every scope parameter to scopes, and reads cost and refuse. It
// rejects queries that url.ParseQuery rejects and all other parameters, so that a
// misspelt parameter does not silently make the check weaker.
func readProxyQuery(scopes []domain.Scope, query string) (proxied, domain.Faults) {
	asked := proxied{Wanted: keycheck.Wanted{Scopes: scopes}}
	var faults domain.Faults
	var seen [2]bool // cost, refuse
	for query != "" {
		var pair string
		if pair, query, _ = strings.Cut(query, "&"); pair == "" {
			continue
		}
		name, value, illFormed := form.SplitPair(pair)
		switch {
		case illFormed != nil: // reported as a fault of a parameter that exists
			return proxied{}, form.Fault("scope", domain.ReasonSyntax, form.RuleQuerySyntax)
		case name == "scope":
			asked.Scopes = append(asked.Scopes, domain.Scope(value))
		case name == "cost" && !seen[0]:
			var f domain.Faults
			asked.Cost, f = answer.ParseCost(value)
			seen[0], faults = true, append(faults, f.At(name)...)
		case name == "refuse" && !seen[1]:
			seen[1], asked.asForbidden = true, value == "403"
			if !asked.asForbidden {
				faults = append(faults, form.Fault(name, domain.ReasonRange, RuleRefuseValue)...)
			}
		case name == "cost", name == "refuse":
			faults = append(faults, form.Fault(name, domain.ReasonDuplicateField, form.RuleDuplicateField)...)
		default:
			faults = append(faults, form.Fault(name, domain.ReasonUnknownField, form.RuleUnknownField)...)
		}
		if len(faults) >= domain.MaxFaults {
			break
		}
	}
	return asked, faults
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
