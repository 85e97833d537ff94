package httpapi

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

// unauthorized is a refusal for want of a valid token, with the challenge of
// RFC 6750 section 3 that goes with it.
type unauthorized struct {
	errorCode   string // empty when no credentials came
	description string // English, ASCII, without quotes
	cause       error
}

func (u *unauthorized) Error() string { return "unauthorized: " + u.description }

func (u *unauthorized) Unwrap() []error { return []error{domain.ErrInvalidToken, u.cause} }

func challenge(x *exchange, err error) {
	value := "Bearer"
	var u *unauthorized
	if errors.As(err, &u) && u.errorCode != "" {
		value = fmt.Sprintf(`Bearer error=%q, error_description=%q`, u.errorCode, u.description)
	}
	x.Response().Header().Set("WWW-Authenticate", value)
}

// bearer returns the token of the Authorization header (RFC 6750 section 2.1).
func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) > 1 {
		return "", &unauthorized{errorCode: "invalid_request", description: "Authorization was sent more than once"}
	}
	if len(values) == 0 {
		return "", &unauthorized{description: "no credentials"}
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", &unauthorized{description: "no bearer credentials"}
	}
	token = strings.TrimLeft(token, " ")
	if token == "" {
		return "", &unauthorized{errorCode: "invalid_request", description: "the bearer token is missing"}
	}
	return token, nil
}

// authenticate proves the actor, and that the token is used from the device
// it was made for.
func (x *exchange) authenticate() (domain.Actor, error) {
	token, err := bearer(x.Request().Header)
	if err != nil {
		return domain.Actor{}, err
	}
	ctx, cancel := x.bounded()
	defer cancel()
	actor, err := x.api.Authenticator.Authenticate(ctx, token)
	if errors.Is(err, domain.ErrInvalidToken) {
		err = &unauthorized{errorCode: "invalid_token", description: "The token is invalid or expired", cause: err}
	}
	if err != nil {
		return domain.Actor{}, err
	}
	x.account = actor.AccountID
	if actor.ClientHash != "" {
		hashes := x.Request().Header.Values("X-Client-Hash")
		if len(hashes) != 1 || subtle.ConstantTimeCompare([]byte(hashes[0]), []byte(actor.ClientHash)) != 1 {
			return domain.Actor{}, &unauthorized{errorCode: "invalid_token", description: "The token is bound to another client"}
		}
	}
	return actor, nil
}

// internal lets only callers of the internal listener through who know its token.
func (a *API) internal(next handler) handler {
	return func(x *exchange) error {
		if a.InternalToken == "" {
			return next(x)
		}
		values := x.Request().Header.Values("X-Internal-Token")
		if len(values) != 1 || subtle.ConstantTimeCompare([]byte(values[0]), []byte(a.InternalToken)) != 1 {
			return domain.ErrInvalidToken
		}
		return next(x)
	}
}
