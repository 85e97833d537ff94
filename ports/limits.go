package ports

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// LimitStore counts what it has granted of the limits of keys. It grants shares, which
// replicas spend without asking again, and never more than the limit within one window,
// so that all replicas together cannot spend more.
//
// The store has one clock for all replicas, so their own clocks need not agree.
//
// Every method is safe for concurrent use. It returns an error that wraps
// [domain.ErrUnavailable] if the store cannot be reached or does not respond before
// ctx ends; it is then unknown whether the counts were changed.
type LimitStore interface {
	// Lease grants up to request.Want of what is left of the bucket in the current
	// window, or nothing if less than request.Need is left. It executes one statement.
	// A granted share counts as spent unless it is given back, even if the response is
	// lost.
	Lease(ctx context.Context, request LeaseRequest) (Lease, error)

	// Peek is like Lease with a Want of 0, but it changes nothing.
	Peek(ctx context.Context, request LeaseRequest) (Lease, error)

	// GiveBack returns unspent shares to their windows in one statement. It ignores
	// shares of windows that have ended. The caller must not repeat a failed call,
	// because a share that is given back twice could be spent twice.
	GiveBack(ctx context.Context, shares []Share) error

	// ForgetLimits removes up to limit counts of windows that ended at least an hour
	// ago, and returns how many it has removed. Until then, a clock that is set back
	// does not reset a count.
	ForgetLimits(ctx context.Context, limit int) (removed int, err error)
}

// Bucket identifies a count: the limit of a key with a certain name and window.
type Bucket struct {
	KeyID  domain.KeyID
	Name   string
	Window domain.Window
}

// LeaseRequest requests a share of a bucket.
type LeaseRequest struct {
	Bucket Bucket
	// Max is the limit of the bucket, and Want the requested share of it.
	Max, Want int64
	// Need is the least share that the caller can use, at most Want.
	Need int64
	// Seen is the last Lease of the bucket that the caller has received, or the zero
	// value. A database that took over from another may lack the last grants of its
	// predecessor; what the callers have seen is not granted again.
	Seen Lease
}

// Lease is the response to a [LeaseRequest].
type Lease struct {
	// Granted is the granted share: 0, or between Need and Want.
	Granted int64
	// GrantedToAll is what was granted to all callers in this window, including Granted,
	// and Returned is what they gave back of it. Neither decreases within a window.
	GrantedToAll, Returned int64
	// Start is the start of the window.
	Start time.Time
	// Left is the time until the window ends, counted from some instant after the
	// request was sent. A caller that counts it from when it sent the request thus
	// never uses the lease too long. Left is negative if the window never ends.
	Left time.Duration
}

// Total returns what counts as spent in the window. It can exceed the limit if the
// limit was lowered.
func (l Lease) Total() int64 { return l.GrantedToAll - l.Returned }

// Share is all or part of a granted share.
type Share struct {
	Bucket Bucket
	Start  time.Time // see [Lease]
	Amount int64
}
