// Package client asks a service of API keys that runs elsewhere "may this key
// do this, from here?", by the HTTP contract of its internal address.
//
// A [Client] answers as the service itself would, under the same method:
//
//	Authorize(ctx context.Context, check domain.Check) (domain.Decision, error)
//
// An error is no answer, and must be taken as a no. There is no yes that the
// service did not give: not while it is down, not from an answer that
// contradicts itself, and not from memory, unless [Options.CacheFor] allows it.
package client
