package httpapi

import "github.com/slaunchx/apikeys/adapters/internal/keycheck"

// CheckServerOptions configure a server of permission checks over another
// protocol.
type CheckServerOptions = keycheck.ServerOptions

// CheckServerOptions returns the options of a server that checks and responds
// like this API.
func (a *API) CheckServerOptions() CheckServerOptions {
	return CheckServerOptions{
		Authorize:      a.authorizeKey,
		Messages:       a.options.Messages,
		Logger:         a.options.Logger,
		Now:            a.options.Now,
		Tracer:         a.options.Tracer,
		Observe:        a.options.Observe,
		InternalToken:  a.options.InternalToken,
		TrustedProxies: a.options.TrustedProxies,
	}
}
