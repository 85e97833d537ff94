package httpapi

import "github.com/slaunchx/apikeys/adapters/internal/keycheck"

// CheckServerOptions are what a server of permission checks by another protocol
// works with.
type CheckServerOptions = keycheck.ServerOptions

// CheckServerOptions returns the options of a server that checks and answers as
// this API does.
func (a *API) CheckServerOptions() CheckServerOptions {
	return CheckServerOptions{
		Authorize:      a.authorizeKey,
		Messages:       a.options.Messages,
		Logger:         a.options.Logger,
		Now:            a.options.Now,
		InternalToken:  a.options.InternalToken,
		TrustedProxies: a.options.TrustedProxies,
	}
}
