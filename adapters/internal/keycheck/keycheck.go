// Package keycheck checks the API key that a request presents. The middlewares
// for HTTP and the interceptors for gRPC use it, so that they agree.
package keycheck

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/slaunchx/apikeys/adapters/internal/clientaddr"
	"github.com/slaunchx/apikeys/domain"
)

// The reasons to refuse a request. Disabled and expired keys are refused like unknown
// ones, since anybody may see the response.
var (
	ErrNoKey          = errors.New("no API key")
	ErrKeyTwice       = errors.New("credentials were sent more than once")
	ErrTokenMissing   = errors.New("the bearer token is missing")
	ErrInvalidKey     = errors.New("the API key is invalid")
	ErrScopeMissing   = errors.New("the API key lacks a required scope")
	ErrAddressRefused = errors.New("address not allowed for this API key")
	ErrRateLimited    = errors.New("the API key has reached a rate limit")
	ErrQuotaExceeded  = errors.New("the API key has used up its quota")
)

// Request contains the parts of a request that a check uses.
type Request struct {
	APIKey        []string // values of X-Api-Key
	Authorization []string // values of Authorization
	Peer          string   // address of the connection, with or without a port
	ForwardedFor  []string // values of X-Forwarded-For
}

// Authorize performs a permission check. An error means that there is no
// decision.
type Authorize func(ctx context.Context, check domain.Check) (domain.Decision, error)

// Wanted is what a request requires of its key.
type Wanted struct {
	Scopes []domain.Scope
	Cost   domain.Cost
}

// Do checks the API key of r: it must hold all of the wanted scopes or, without any,
// at least one scope. The client's address is that of the peer unless the peer
// is one of the trusted proxies. Do returns nil, one of the errors of this
// package, or the error of authorize. Once the secret is proven, the decision
// names the key even if it is denied.
func (authorize Authorize) Do(ctx context.Context, r Request, wanted Wanted, proxies []netip.Prefix) (domain.Decision, error) {
	secret, err := r.secret()
	if err != nil {
		return domain.NotFound(), err
	}
	decision, err := authorize(ctx, domain.Check{
		Secret: secret,
		Scopes: wanted.Scopes,
		Addr:   clientaddr.Of(r.Peer, r.ForwardedFor, proxies),
		Cost:   wanted.Cost,
	})
	if err != nil {
		return domain.NotFound(), err
	}
	return decision, refusalOf(decision.Verdict)
}

// secret returns the key that a request presents in X-Api-Key, as a bearer
// token, or identically in both. Authorization of another scheme is ignored: it
// may be meant for the handler.
func (r Request) secret() (domain.Secret, error) {
	if len(r.APIKey) > 1 || len(r.Authorization) > 1 {
		return domain.Secret{}, ErrKeyTwice
	}
	var key string
	if len(r.APIKey) == 1 {
		key = r.APIKey[0] // some proxies send an empty value if there is no key
	}
	if len(r.Authorization) == 1 {
		token, ok := BearerToken(r.Authorization[0])
		switch {
		case !ok:
		case token == "":
			return domain.Secret{}, ErrTokenMissing
		case key != "" && key != token:
			return domain.Secret{}, ErrKeyTwice
		default:
			key = token
		}
	}
	if key == "" {
		return domain.Secret{}, ErrNoKey
	}
	secret, err := domain.ParsePresentedSecret(key)
	if err != nil {
		return domain.Secret{}, ErrInvalidKey
	}
	return secret, nil
}

// BearerToken returns the token of an Authorization header (RFC 6750 section
// 2.1). It returns false for another scheme.
func BearerToken(authorization string) (string, bool) {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimLeft(token, " "), true
}

func refusalOf(verdict domain.Verdict) error {
	switch verdict {
	case domain.VerdictOK:
		return nil
	case domain.VerdictInsufficientScope:
		return ErrScopeMissing
	case domain.VerdictIPNotAllowed:
		return ErrAddressRefused
	case domain.VerdictRateLimited:
		return ErrRateLimited
	case domain.VerdictQuotaExceeded:
		return ErrQuotaExceeded
	case domain.VerdictNotFound, domain.VerdictDisabled, domain.VerdictExpired:
	}
	return ErrInvalidKey
}

type identityKey struct{}

// WithIdentity returns a copy of ctx that carries identity.
func WithIdentity(ctx context.Context, identity domain.Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, identity)
}

// IdentityFrom returns the identity that ctx carries, if any.
func IdentityFrom(ctx context.Context) (domain.Identity, bool) {
	identity, ok := ctx.Value(identityKey{}).(domain.Identity)
	return identity, ok
}
