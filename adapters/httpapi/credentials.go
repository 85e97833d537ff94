package httpapi

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// challenged is a refusal with the challenge of RFC 6750 section 3 that goes
// with it.
type challenged struct {
	refusal     error          // one that outcomes knows
	code        string         // of section 3.1; empty when no credentials came
	description string         // English, ASCII, without quotes
	scopes      []domain.Scope // that were asked for, where they matter
}

func (c *challenged) Error() string { return c.refusal.Error() + ": " + c.description }

func (c *challenged) Unwrap() error { return c.refusal }

// challenge sets the challenge of err, and a bare one when it has none.
func challenge(h http.Header, err error) {
	value := "Bearer"
	var c *challenged
	if errors.As(err, &c) && c.code != "" {
		value = `Bearer error="` + c.code + `", error_description="` + c.description + `"`
		if scope := scopeAttribute(c.scopes); scope != "" {
			value += `, scope="` + scope + `"`
		}
	}
	h.Set("WWW-Authenticate", value)
}

// maxScopeAttribute keeps the challenge within what proxies take for a header.
const maxScopeAttribute = 1 << 10

// scopeAttribute joins scopes as RFC 6749 section 3.3 has it. Whoever asked
// may have asked for anything: what is no scope-token is left out, and so is
// what would make it too long.
func scopeAttribute(scopes []domain.Scope) string {
	var b strings.Builder
	for _, s := range scopes {
		if s == "" || !form.VisibleASCII(string(s)) || strings.ContainsAny(string(s), `"\\`) || b.Len()+len(s) >= maxScopeAttribute {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// bearer returns the token of the Authorization header (RFC 6750 section 2.1).
func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) > 1 {
		return "", &challenged{refusal: domain.ErrInvalidToken, code: "invalid_request", description: "Authorization was sent more than once"}
	}
	if len(values) == 0 {
		return "", &challenged{refusal: domain.ErrInvalidToken, description: "no credentials"}
	}
	token, ok := keycheck.BearerToken(values[0])
	if !ok {
		return "", &challenged{refusal: domain.ErrInvalidToken, description: "no bearer credentials"}
	}
	if token == "" {
		return "", &challenged{refusal: domain.ErrInvalidToken, code: "invalid_request", description: "the bearer token is missing"}
	}
	return token, nil
}

// authenticate proves the actor, and that the token is used from the device
// it was made for.
func (x *exchange) authenticate() (domain.Actor, error) {
	actor, err := x.actor()
	if err != nil {
		return domain.Actor{}, err
	}
	x.account = actor.AccountID
	if actor.ClientHash != "" {
		hashes := x.Request().Header.Values("X-Client-Hash")
		if len(hashes) != 1 || subtle.ConstantTimeCompare([]byte(hashes[0]), []byte(actor.ClientHash)) != 1 {
			return domain.Actor{}, &challenged{refusal: domain.ErrInvalidToken, code: "invalid_token", description: "The token is bound to another client"}
		}
	}
	return actor, nil
}

// actor returns who the credentials of the request belong to.
func (x *exchange) actor() (domain.Actor, error) {
	ctx, cancel := x.bounded()
	defer cancel()
	token, missing := bearer(x.Request().Header)
	if x.api.options.RequestAuthenticator != nil {
		return x.actorOfRequest(ctx, missing)
	}
	if missing != nil {
		return domain.Actor{}, missing
	}
	actor, err := x.api.options.Authenticator.Authenticate(ctx, token)
	if errors.Is(err, domain.ErrInvalidToken) {
		err = invalidToken(err)
	}
	return actor, err
}

// actorOfRequest returns who the RequestAuthenticator takes the sender for. Its
// refusals carry the challenge of a bearer token, because the contract has no
// other; missing is the error of a request without such a token.
func (x *exchange) actorOfRequest(ctx context.Context, missing error) (domain.Actor, error) {
	if len(x.Request().Header.Values("Authorization")) > 1 {
		return domain.Actor{}, missing
	}
	r := x.Request().WithContext(ctx)
	r.Body = http.NoBody // of the copy; the handler reads that of the request
	actor, err := x.api.options.RequestAuthenticator.AuthenticateRequest(r)
	if !errors.Is(err, domain.ErrInvalidToken) {
		return actor, err
	}
	if missing != nil {
		return domain.Actor{}, &challenged{refusal: err, description: "no bearer credentials"}
	}
	return domain.Actor{}, invalidToken(err)
}

func invalidToken(err error) error {
	return &challenged{refusal: err, code: "invalid_token", description: "The token is invalid or expired"}
}

// internal lets only callers of the internal listener through who know its token.
func (a *API) internal(next handler) handler {
	return func(x *exchange) error {
		if a.options.InternalToken == "" {
			return next(x)
		}
		values := x.Request().Header.Values("X-Internal-Token")
		if len(values) != 1 || subtle.ConstantTimeCompare([]byte(values[0]), []byte(a.options.InternalToken)) != 1 {
			return domain.ErrInvalidToken
		}
		return next(x)
	}
}
