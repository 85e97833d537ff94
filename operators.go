package apikeys

import (
	"context"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// WithManagementOnly makes a service for a command or a job, which manages keys on
// the store of running services and then ends. It needs no JWKS and accepts no
// token, runs nothing in the background, does not migrate, and does not record the
// use of keys. [New] returns an error if the store cannot be reached, which wraps
// [domain.ErrUnavailable], or if its schema is not up to date. Do not serve requests
// with it.
func WithManagementOnly() Option {
	return func(o *options) { o.managesOnly = true }
}

// noTokens is the authenticator of a service that accepts no token.
type noTokens struct{}

func (noTokens) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{}, domain.ErrInvalidToken
}

// ComparePeppers compares the configured peppers with those that the store was
// used with, and remembers in the store those that it has not seen before. It
// returns [config.Faults] if one differs: secrets made under it are NOT_FOUND to
// other replicas.
func (s *Service) ComparePeppers(ctx context.Context) error {
	if err := s.lifetime.Err(); err != nil {
		return err
	}
	if err := s.peppers.Compare(ctx); err != nil {
		return err
	}
	if s.peppers.Mismatches() == 0 {
		return nil
	}
	return config.Faults{{
		Variable: "APIKEYS_PEPPERS",
		Problem:  "has a pepper that is not the one the store was used with under that id; use the entries that the service has",
	}}
}
