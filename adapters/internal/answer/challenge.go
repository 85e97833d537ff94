package answer

import (
	"errors"
	"net/http"
	"strings"

	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// Challenged is a refusal with its challenge (RFC 6750 section 3).
type Challenged struct {
	Refusal     error          // has an [Outcome]
	Code        string         // of section 3.1; empty if the request had no credentials
	Description string         // English, ASCII, without quotes
	Scopes      []domain.Scope // that were required, if they matter
}

// Error implements error.
func (c *Challenged) Error() string { return c.Refusal.Error() + ": " + c.Description }

// Unwrap returns the refusal.
func (c *Challenged) Unwrap() error { return c.Refusal }

// challenge sets the challenge of err, or a bare one if it has none.
func challenge(h http.Header, err error) {
	value := "Bearer"
	var c *Challenged
	if errors.As(err, &c) && c.Code != "" {
		value = `Bearer error="` + c.Code + `", error_description="` + c.Description + `"`
		if scope := scopeAttribute(c.Scopes); scope != "" {
			value += `, scope="` + scope + `"`
		}
	}
	h.Set("WWW-Authenticate", value)
}

// maxScopeAttribute keeps the challenge within the size that proxies accept for a
// header.
const maxScopeAttribute = 1 << 10

// scopeAttribute joins scopes as in RFC 6749 section 3.3. A caller may request
// anything, so scopes that are not a scope-token, or that would make the attribute too
// long, are left out.
func scopeAttribute(scopes []domain.Scope) string {
	var b strings.Builder
	for _, s := range scopes {
		if s == "" || !VisibleASCII(string(s)) || strings.ContainsAny(string(s), `"\\`) || b.Len()+len(s) >= maxScopeAttribute {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// keyRefusals are the refusals of a request because of the key that it presents, with
// their challenges.
var keyRefusals = []struct {
	reason    error
	challenge *Challenged
}{
	{keycheck.ErrNoKey, &Challenged{Refusal: ErrInvalidKey, Description: "no API key"}},
	{keycheck.ErrKeyTwice, &Challenged{Refusal: ErrInvalidKey, Code: "invalid_request", Description: "Credentials were sent more than once"}},
	{keycheck.ErrTokenMissing, &Challenged{Refusal: ErrInvalidKey, Code: "invalid_request", Description: "The bearer token is missing"}},
	{keycheck.ErrInvalidKey, &Challenged{Refusal: ErrInvalidKey, Code: "invalid_token", Description: "The API key is invalid"}},
}

// Refusal returns the refusal for err, the error of a key check that required the given
// scopes. It returns err itself if the check could not be made.
func Refusal(err error, required []domain.Scope) error {
	switch {
	case errors.Is(err, keycheck.ErrScopeMissing):
		return &Challenged{
			Refusal:     ErrLacksScope,
			Code:        "insufficient_scope",
			Description: "The API key lacks a required scope",
			Scopes:      required,
		}
	case errors.Is(err, keycheck.ErrAddressRefused):
		return ErrAddressRefused
	case errors.Is(err, keycheck.ErrRateLimited):
		return ErrRateLimited
	case errors.Is(err, keycheck.ErrQuotaExceeded):
		return ErrQuotaExceeded
	}
	for _, refusal := range keyRefusals {
		if errors.Is(err, refusal.reason) {
			return refusal.challenge
		}
	}
	return err
}
