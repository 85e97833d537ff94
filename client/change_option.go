package client

import "crypto/rand"

// ChangeOption is an option of the methods of [Workspace] that change a key.
type ChangeOption func(*changeRequest)

type changeRequest struct {
	idempotencyKey string
	ifMatch        string
}

// WithIdempotencyKey ensures that a change is made at most once in 24 hours in a
// workspace, even if it is requested again after this process has restarted. A repeated
// call with the same arguments by the same account changes nothing; a call with other
// arguments returns [domain.ErrIdempotencyKeyReused]. The key is 1 to 255 visible ASCII
// characters.
//
// Without this option the client generates an idempotency key for each call, which only
// protects that call's own retries. UpdateKey needs no idempotency key.
func WithIdempotencyKey(key string) ChangeOption {
	return func(r *changeRequest) { r.idempotencyKey = key }
}

// IfMatch makes UpdateKey change the key only if its current ETag is etag; see
// [Key.ETag].
func IfMatch(etag string) ChangeOption {
	return func(r *changeRequest) { r.ifMatch = etag }
}

// change returns the request for a change, with an idempotency key if the service
// takes one.
func (w *Workspace) change(method, tail string, body any, options []ChangeOption) request {
	var c changeRequest
	for _, option := range options {
		option(&c)
	}
	r := request{method: method, tail: tail, body: body}
	if method == "POST" {
		if r.idempotencyKey = c.idempotencyKey; r.idempotencyKey == "" {
			r.idempotencyKey = rand.Text()
		}
	} else {
		r.ifMatch = c.ifMatch
	}
	return r
}
