// Package client is the Go client of an API-key service that runs in another
// process. It checks keys through the HTTP API of the service's internal
// listener.
//
// A [Client] gives the same decisions as an embedded service, through the same
// method:
//
//	Authorize(ctx context.Context, check domain.Check) (domain.Decision, error)
//
// An error is not a decision: the caller must deny the request. The client never
// approves on its own, neither while the service is down nor on an inconsistent
// response, and reuses an approval only if [Options.CacheFor] allows it.
package client
