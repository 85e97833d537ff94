package jwtauth

import (
	"context"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Authenticator turns bearer tokens into actors. It is safe for concurrent use.
// It does not cache tokens: each call verifies the signature again.
type Authenticator struct {
	config Config
	keys   *keyring
}

// New returns an authenticator that refreshes its keys in the background until
// Close. New reads the keys once before it returns, for at most 5 s or until ctx
// ends.
//
// New does not fail if the issuer cannot be reached by then; the authenticator
// is not ready until it can. New fails if a key file has no usable key, because
// waiting would not help.
func New(ctx context.Context, config Config) (*Authenticator, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("token authentication: %w", err)
	}
	source, err := newSource(config)
	if err != nil {
		return nil, fmt.Errorf("token authentication: %w", err)
	}
	keys := newKeyring(source, config)
	if err := keys.reload(ctx); err != nil && config.JWKSFile != "" {
		return nil, fmt.Errorf("token authentication: %w", err)
	}
	keys.start()
	return &Authenticator{config: config, keys: keys}, nil
}

// Authenticate returns the actor that token identifies. The error wraps
// [domain.ErrInvalidToken] if the token is invalid, and [domain.ErrUnavailable]
// if no keys have been obtained since the start.
//
// A token that no known key has signed causes the keys to be read again, at most
// once per [Config].LookupInterval. If no key fits then, or the read takes longer
// than a second, or ctx ends, the token is invalid. Other tokens do not wait for
// that read.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (domain.Actor, error) {
	t, err := parseToken(token)
	if err != nil {
		return domain.Actor{}, err
	}
	if err := a.keys.verify(ctx, t); err != nil {
		return domain.Actor{}, err
	}
	c, err := parseClaims(t.payload)
	if err != nil {
		return domain.Actor{}, err
	}
	if err := c.check(a.config.Issuer, a.config.Audience, a.config.Now()); err != nil {
		return domain.Actor{}, err
	}
	return c.actor(a.config.Claims, a.config.DefaultPortal)
}

// Ready returns nil once keys have been obtained, and until then an error that
// wraps [domain.ErrUnavailable] and the cause.
func (a *Authenticator) Ready(context.Context) error { return a.keys.ready() }

// Close stops the background refresh and waits for it. It may be called more
// than once. Afterwards tokens are verified with the last known keys.
func (a *Authenticator) Close() error { return a.keys.close() }

// reject returns domain.ErrInvalidToken with a reason for the log. The reason
// must not quote the token.
func reject(reason string) error { return fmt.Errorf("%w: %s", domain.ErrInvalidToken, reason) }

// unavailable returns domain.ErrUnavailable with its cause.
func unavailable(what string, cause error) error {
	return fmt.Errorf("%w: %s: %w", domain.ErrUnavailable, what, cause)
}

// skew is the largest accepted difference between the clocks of the issuer and
// the service.
const skew = time.Minute
