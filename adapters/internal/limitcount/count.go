// Package limitcount implements the rules of ports.LimitStore for stores that read,
// modify and write a count under their own lock.
package limitcount

import (
	"time"

	"github.com/slaunchx/apikeys/ports"
)

// KeptFor is how long a count is kept after its window has ended.
const KeptFor = time.Hour

// Count is the count of one bucket. The zero value is that of an unknown bucket.
type Count struct {
	Start             time.Time // of the window
	Granted, Returned int64
}

// Lease grants a share at the given time.
func (c *Count) Lease(request ports.LeaseRequest, at time.Time) ports.Lease {
	window := request.Bucket.Window
	if start := window.Start(at); c.Start.Before(start) {
		*c = Count{Start: start}
	}
	if request.Seen.Start.Equal(c.Start) {
		c.Granted = max(c.Granted, request.Seen.GrantedToAll)
		c.Returned = max(c.Returned, request.Seen.Returned)
	}
	granted := min(request.Want, max(request.Max-c.Granted+c.Returned, 0))
	if granted < request.Need {
		granted = 0
	}
	c.Granted += granted
	return LeaseOf(request.Bucket, *c, granted, at)
}

// LeaseOf returns the response for a bucket whose count, after the grant, is c.
func LeaseOf(bucket ports.Bucket, c Count, granted int64, at time.Time) ports.Lease {
	lease := ports.Lease{Granted: granted, GrantedToAll: c.Granted, Returned: c.Returned, Start: c.Start, Left: -1}
	if end := bucket.Window.End(c.Start); !end.IsZero() {
		lease.Left = max(end.Sub(at), 0)
	}
	return lease
}

// GiveBack adds a share that was given back to the count. A share of another window is
// ignored.
func (c *Count) GiveBack(share ports.Share) {
	if c.Start.Equal(share.Start) {
		c.Returned = min(c.Returned+share.Amount, c.Granted)
	}
}
