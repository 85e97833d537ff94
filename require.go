package apikeys

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/httpapi"
	"github.com/slaunchx/apikeys/domain"
)

// Identity is the identity of a caller, as proven by its key; see
// [Service.Require] and [Service.RequireHTTP].
type Identity = domain.Identity

// Require returns echo middleware that admits a request if it has, in X-Api-Key
// or as a bearer token, a key that holds all of the scopes. Without scopes, the
// key must hold at least one. Handlers get the caller's identity from the
// request's context with [IdentityFrom].
//
// Any other request gets the same response as from the permission check for proxies, in
// the envelope and in the request's language: 401 without a valid key, 403 for a
// missing scope or an address that is not allowed, 429 if a limit is reached, and 503
// if the store is unreachable. The client's address is RemoteAddr of the request, with
// or without a port, or the address that a configured trusted proxy forwards. echo's
// own IPExtractor is not used.
//
// Require panics if one of the scopes is not of the form resource:action.
func (s *Service) Require(scopes ...string) echo.MiddlewareFunc { return s.gate(scopes).Echo }

// RequireHTTP is like [Service.Require], for [net/http].
func (s *Service) RequireHTTP(scopes ...string) func(http.Handler) http.Handler {
	return s.gate(scopes).HTTP
}

// IdentityFrom returns the identity of the API key whose request carries ctx. It
// returns false unless the request came through [Service.Require],
// [Service.RequireHTTP] or an interceptor of adapters/grpcauth, or ctx is from
// [WithIdentity].
func IdentityFrom(ctx context.Context) (Identity, bool) { return httpapi.IdentityFrom(ctx) }

// WithIdentity returns a copy of ctx from which [IdentityFrom] returns identity,
// for tests of handlers that are called without a middleware.
func WithIdentity(ctx context.Context, identity Identity) context.Context {
	return httpapi.WithIdentity(ctx, identity)
}

func (s *Service) gate(scopes []string) *httpapi.Gate {
	required := make([]domain.Scope, len(scopes))
	for i, text := range scopes {
		scope, faults := domain.ParseScope(text)
		if faults != nil {
			panic(fmt.Sprintf("apikeys: invalid required scope %q: %v", text, faults.Err()))
		}
		required[i] = scope
	}
	return s.api.Gate(required...)
}
