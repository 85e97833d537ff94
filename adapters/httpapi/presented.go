package httpapi

import (
	"net/http"

	"github.com/slaunchx/apikeys/domain"
)

// The refusals of an API key. Disabled and expired keys are refused in the
// same words as unknown ones: the answer goes through a proxy to anybody.
var (
	noKey      = &challenged{refusal: errInvalidKey, description: "no API key"}
	keySentOft = &challenged{refusal: errInvalidKey, code: "invalid_request", description: "Credentials were sent more than once"}
	keyMissing = &challenged{refusal: errInvalidKey, code: "invalid_request", description: "The bearer token is missing"}
	keyRefused = &challenged{refusal: errInvalidKey, code: "invalid_token", description: "The API key is invalid"}
)

// presentedKey returns the key that a request presents in X-Api-Key, as a
// bearer token, or alike in both. Authorization of another scheme is none of
// its business: it may be meant for what is behind the gate.
func presentedKey(h http.Header) (domain.Secret, error) {
	direct, authorization := h["X-Api-Key"], h["Authorization"]
	if len(direct) > 1 || len(authorization) > 1 {
		return domain.Secret{}, keySentOft
	}
	var key string
	if len(direct) == 1 {
		key = direct[0] // an empty value is what some proxies make of none
	}
	if len(authorization) == 1 {
		token, ok := bearerToken(authorization[0])
		switch {
		case !ok:
		case token == "":
			return domain.Secret{}, keyMissing
		case key != "" && key != token:
			return domain.Secret{}, keySentOft
		default:
			key = token
		}
	}
	if key == "" {
		return domain.Secret{}, noKey
	}
	secret, err := domain.ParseSecret(key)
	if err != nil {
		return domain.Secret{}, keyRefused
	}
	return secret, nil
}

// refusalOf returns the error that a verdict is answered with, nil for a yes.
func refusalOf(verdict domain.Verdict, asked []domain.Scope) error {
	switch verdict {
	case domain.VerdictOK:
		return nil
	case domain.VerdictInsufficientScope:
		return &challenged{
			refusal:     errLacksScope,
			code:        "insufficient_scope",
			description: "The API key lacks a required scope",
			scopes:      asked,
		}
	case domain.VerdictIPNotAllowed:
		return errAddressRefused
	case domain.VerdictNotFound, domain.VerdictDisabled, domain.VerdictExpired:
	}
	return keyRefused
}
