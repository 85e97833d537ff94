package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// checkKeyOf checks the API key of r. Once the secret is proven, the decision names the
// key even if it is denied. The error is nil if the key is allowed. Otherwise it says
// why the key was denied, or why the check failed.
func (a *API) checkKeyOf(r *http.Request, wanted keycheck.Wanted) (domain.Decision, error) {
	decision, err := a.authorizeKey.Do(r.Context(), keycheck.Request{
		APIKey:        r.Header["X-Api-Key"],
		Authorization: r.Header["Authorization"],
		Peer:          r.RemoteAddr,
		ForwardedFor:  r.Header.Values("X-Forwarded-For"),
	}, wanted, a.options.TrustedProxies)
	if err != nil {
		err = answer.Refusal(err, wanted.Scopes)
	}
	return decision, err
}

// Gate admits requests with an API key that holds all of certain scopes, and
// responds to the others like authorize.
type Gate struct {
	api    *API
	scopes []domain.Scope
}

// Gate returns a gate for the given scopes. Without scopes, it admits every key with at
// least one scope.
func (a *API) Gate(scopes ...domain.Scope) *Gate { return &Gate{api: a, scopes: scopes} }

// Echo returns next behind the gate.
func (g *Gate) Echo(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, ok := g.enter(c.Response(), c.Request())
		if !ok {
			return nil
		}
		c.SetRequest(r)
		return next(c)
	}
}

// HTTP returns next behind the gate.
func (g *Gate) HTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r, ok := g.enter(w, r); ok {
			next.ServeHTTP(w, r)
		}
	})
}

// enter returns r with the identity of the key, or responds to it and returns
// false.
func (g *Gate) enter(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
	decision, err := g.api.checkKeyOf(r, keycheck.Wanted{Scopes: g.scopes})
	answer.SetLimits(w.Header(), decision, domain.Cost{})
	if err == nil {
		return r.WithContext(keycheck.WithIdentity(r.Context(), decision.Key)), true
	}
	p := g.api.replyTo(w, r)
	p.begin()
	p.fail(err)
	if outcomeOf(err).Status >= http.StatusInternalServerError && !answer.Abandoned(r.Context(), err) {
		g.api.options.Logger.LogAttrs(r.Context(), slog.LevelError, "permission check",
			slog.String("code", p.code),
			slog.String("requestId", p.requestID),
			slog.String("error", err.Error()))
	}
	return nil, false
}

// WithIdentity returns a copy of ctx from which [IdentityFrom] returns identity.
func WithIdentity(ctx context.Context, identity domain.Identity) context.Context {
	return keycheck.WithIdentity(ctx, identity)
}

// IdentityFrom returns the identity of the key that a [Gate] admitted, and
// false in any other context.
func IdentityFrom(ctx context.Context) (domain.Identity, bool) { return keycheck.IdentityFrom(ctx) }
