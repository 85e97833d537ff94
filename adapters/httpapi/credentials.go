package httpapi

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// bearer returns the token of the Authorization header (RFC 6750 section 2.1).
func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) > 1 {
		return "", &answer.Challenged{Refusal: domain.ErrInvalidToken, Code: "invalid_request", Description: "Authorization was sent more than once"}
	}
	if len(values) == 0 {
		return "", &answer.Challenged{Refusal: domain.ErrInvalidToken, Description: "no credentials"}
	}
	token, ok := keycheck.BearerToken(values[0])
	if !ok {
		return "", &answer.Challenged{Refusal: domain.ErrInvalidToken, Description: "no bearer credentials"}
	}
	if token == "" {
		return "", &answer.Challenged{Refusal: domain.ErrInvalidToken, Code: "invalid_request", Description: "the bearer token is missing"}
	}
	return token, nil
}

// authenticate authenticates the actor, and checks that the token is used on the device
// that it is bound to.
func authenticate(x *exchange) (domain.Actor, error) {
	actor, err := actorOf(x)
	if err != nil {
		return domain.Actor{}, err
	}
	x.account = actor.AccountID
	if actor.ClientHash != "" {
		hashes := x.Request().Header.Values("X-Client-Hash")
		if len(hashes) != 1 || subtle.ConstantTimeCompare([]byte(hashes[0]), []byte(actor.ClientHash)) != 1 {
			return domain.Actor{}, &answer.Challenged{Refusal: domain.ErrInvalidToken, Code: "invalid_token", Description: "The token is bound to another client"}
		}
	}
	return actor, nil
}

// actorOf returns the actor of the request's credentials.
func actorOf(x *exchange) (domain.Actor, error) {
	ctx, cancel := x.bounded()
	defer cancel()
	token, missing := bearer(x.Request().Header)
	if x.api.options.RequestAuthenticator != nil {
		return actorOfRequest(ctx, x, missing)
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

// actorOfRequest returns the actor according to the RequestAuthenticator. Its errors
// have the challenge of a bearer token, because the contract has no other. missing is
// the error for a request without such a token.
func actorOfRequest(ctx context.Context, x *exchange, missing error) (domain.Actor, error) {
	if len(x.Request().Header.Values("Authorization")) > 1 {
		return domain.Actor{}, missing
	}
	r := x.Request().WithContext(ctx)
	r.Body = http.NoBody // only in the copy; the handler reads the body of the request
	actor, err := x.api.options.RequestAuthenticator.AuthenticateRequest(r)
	if !errors.Is(err, domain.ErrInvalidToken) {
		return actor, err
	}
	if missing != nil {
		return domain.Actor{}, &answer.Challenged{Refusal: err, Description: "no bearer credentials"}
	}
	return domain.Actor{}, invalidToken(err)
}

func invalidToken(err error) error {
	return &answer.Challenged{Refusal: err, Code: "invalid_token", Description: "The token is invalid or expired"}
}

// internal admits only callers of the internal listener that send its token.
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
