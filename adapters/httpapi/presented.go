package httpapi

import (
	"errors"

	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// keyRefusals are the refusals of a request for the key that it presents, with
// their challenges.
var keyRefusals = []struct {
	reason    error
	challenge *challenged
}{
	{keycheck.ErrNoKey, &challenged{refusal: errInvalidKey, description: "no API key"}},
	{keycheck.ErrKeyTwice, &challenged{refusal: errInvalidKey, code: "invalid_request", description: "Credentials were sent more than once"}},
	{keycheck.ErrTokenMissing, &challenged{refusal: errInvalidKey, code: "invalid_request", description: "The bearer token is missing"}},
	{keycheck.ErrInvalidKey, &challenged{refusal: errInvalidKey, code: "invalid_token", description: "The API key is invalid"}},
}

// refusalFor returns the refusal for an error of a key check that required
// these scopes, or err itself if the check failed.
func refusalFor(err error, required []domain.Scope) error {
	switch {
	case errors.Is(err, keycheck.ErrScopeMissing):
		return &challenged{
			refusal:     errLacksScope,
			code:        "insufficient_scope",
			description: "The API key lacks a required scope",
			scopes:      required,
		}
	case errors.Is(err, keycheck.ErrAddressRefused):
		return errAddressRefused
	}
	for _, refusal := range keyRefusals {
		if errors.Is(err, refusal.reason) {
			return refusal.challenge
		}
	}
	return err
}
