package jwtauth

import (
	"context"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Authenticator turns bearer tokens into actors. It is safe for concurrent
// use. Nothing it has verified is remembered.
type Authenticator struct {
	config Config
	keys   *keyring
}

// New returns an authenticator whose keys are kept fresh in the background
// until Close. It reads the keys once before it returns, for at most 5 s or
// until ctx ends.
//
// An issuer that cannot be reached by then is no error: the authenticator is
// not ready until it can. A file that holds no usable key is one, since it
// will not come right by waiting.
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

// Authenticate returns the actor that token speaks of. The error wraps
// [domain.ErrInvalidToken] if the token proves none, and
// [domain.ErrUnavailable] if no keys have been obtained since the start.
//
// A token that no known key has signed causes the keys to be read again, at
// most once per [Config].LookupInterval. If no key fits then, or the read takes
// longer than a second, or ctx ends, the token is invalid. Other tokens do not
// wait for that.
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
	if err := c.judge(a.config.Issuer, a.config.Audience, a.config.Now()); err != nil {
		return domain.Actor{}, err
	}
	return c.actor(a.config.Claims, a.config.DefaultPortal)
}

// Ready returns nil once keys have been obtained, and until then an error
// that wraps [domain.ErrUnavailable] and says what is in the way.
func (a *Authenticator) Ready(context.Context) error { return a.keys.ready() }

// Close ends the background work and waits for it. It may be called again.
// Tokens are judged by the last known keys afterwards.
func (a *Authenticator) Close() error { return a.keys.close() }

// refuse returns domain.ErrInvalidToken with a reason for the log, which must
// not repeat anything that the token says.
func refuse(reason string) error { return fmt.Errorf("%w: %s", domain.ErrInvalidToken, reason) }

// unavailable returns domain.ErrUnavailable with its cause.
func unavailable(what string, cause error) error {
	return fmt.Errorf("%w: %s: %w", domain.ErrUnavailable, what, cause)
}

// skew is how far the clocks of the issuer and the service may be apart.
const skew = time.Minute
