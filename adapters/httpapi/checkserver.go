package httpapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// CheckServerOptions configure a server of permission checks over another
// protocol.
type CheckServerOptions = keycheck.ServerOptions

// CheckServerOptions returns the options of a server that checks and responds
// like this API.
func (a *API) CheckServerOptions() CheckServerOptions {
	return CheckServerOptions{
		Authorize: func(ctx context.Context, check domain.Check) (domain.Decision, error) {
			decision, err := a.authorizeKey(ctx, check)
			if errors.Is(err, application.ErrPanicked) {
				err = fmt.Errorf("%w: %w", keycheck.ErrPanicked, err)
			}
			return decision, err
		},
		Messages:       a.options.Messages,
		Logger:         a.options.Logger,
		Now:            a.options.Now,
		Tracer:         a.options.Tracer,
		Observe:        a.options.Observe,
		InternalToken:  a.options.InternalToken,
		TrustedProxies: a.options.TrustedProxies,
	}
}
