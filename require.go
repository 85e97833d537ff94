package apikeys

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/httpapi"
	"github.com/slaunchx/apikeys/domain"
)

// Identity is who the caller of a [Service.Require] or [Service.RequireHTTP]
// has proven to be.
type Identity = domain.Identity

// Require returns echo middleware that lets a request through when it
// presents, in X-Api-Key or as a bearer token, a key that holds all of the
// scopes; without scopes, a key that holds any at all. Handlers behind it
// learn who called by [IdentityFrom] of the request's context.
//
// Any other request is answered as the permission check for proxies does: 401
// without a valid key, 403 for a scope or address that the key does not have,
// 503 when the store cannot be asked, in the envelope and in the request's
// language. The client's address is RemoteAddr of the request, with or without a
// port, or what one of the configured trusted proxies forwards. echo's own
// IPExtractor is not used.
//
// Require panics when one of the scopes is not written resource:action.
func (s *Service) Require(scopes ...string) echo.MiddlewareFunc { return s.gate(scopes).Echo }

// RequireHTTP returns middleware for [net/http] that does what
// [Service.Require] does for echo.
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
			panic(fmt.Sprintf("apikeys: a scope is required that no key can hold: %q: %v", text, faults.Err()))
		}
		required[i] = scope
	}
	return s.api.Gate(required...)
}
