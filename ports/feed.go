package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// ChangeFeed reports to one follower which keys were changed, by any process. It
// must not be used by several goroutines at the same time.
type ChangeFeed interface {
	// Poll returns the keys whose changes became visible to new readers since the start
	// of the last successful Poll. It may return a key more than once. Every change
	// that was visible before the call is returned by this call, not by a later one.
	//
	// If the store that accepts the changes does not respond before ctx ends,
	// Poll returns an error that wraps [domain.ErrUnavailable] and does not
	// advance its position.
	Poll(ctx context.Context) (Changes, error)

	// Wake returns a channel that receives when Poll is likely to return
	// changes. A wake-up may be lost or spurious.
	Wake() <-chan struct{}

	// Close releases the resources of the feed.
	Close() error
}

// Changes is the result of one Poll.
type Changes struct {
	Keys []domain.KeyID
	// Lost reports whether changes may have been missed, so that every key may have
	// changed. It is true for the first Poll.
	Lost bool
}

// ChangeSource is a repository whose changes can be followed.
type ChangeSource interface {
	// Follow returns a new feed, which the caller must close. The store need not
	// be reachable.
	Follow() ChangeFeed
}
