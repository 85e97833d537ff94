package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// ChangeFeed tells one follower which keys changed, in whatever process. It
// is used by one goroutine at a time.
type ChangeFeed interface {
	// Poll returns, at least once each, the keys with a change that became
	// visible to a new reader since the last Poll that returned no error
	// began; a key may be returned again. A change that was visible before
	// Poll was called is never left to the next one.
	//
	// It returns an error that wraps [domain.ErrUnavailable], and leaves its
	// position as it was, when the store that takes the changes cannot be
	// asked before ctx ends.
	Poll(ctx context.Context) (Changes, error)

	// Wake receives when a Poll is likely to find something. A wake-up may
	// be lost and may come for nothing.
	Wake() <-chan struct{}

	// Close releases what the feed holds.
	Close() error
}

// Changes is the answer to one poll.
type Changes struct {
	Keys []domain.KeyID
	// Lost says that changes may have been missed: every key may have
	// changed. It is true for the first poll, before which nothing was seen.
	Lost bool
}

// ChangeSource is a repository whose changes can be followed.
type ChangeSource interface {
	// Follow returns a feed of its own for one follower, who closes it. It
	// does not need the store to be reachable.
	Follow() ChangeFeed
}
