package sqlkit

import (
	"context"
	"errors"

	"github.com/slaunchx/apikeys/domain"
)

// ErrNothingToWrite ends an update that its caller decided against, or left,
// or in which nothing changed.
var ErrNothingToWrite = errors.New("nothing to write")

// Change is a caller's part of an update. The goroutine that holds the
// transaction asks for it, and the caller's own goroutine makes it: there it may
// panic without harm to others, and it never runs once the caller has gone.
type Change struct {
	apply func(*domain.APIKey) (domain.Event, error)
	asked chan *domain.APIKey
	made  chan decision
	gone  chan struct{}
}

// decision is what a caller's part of an update came to.
type decision struct {
	event   domain.Event
	refusal error
}

// NewChange returns the change that f makes.
func NewChange(f func(*domain.APIKey) (domain.Event, error)) *Change {
	return &Change{
		apply: f,
		asked: make(chan *domain.APIKey),
		made:  make(chan decision, 1),
		gone:  make(chan struct{}),
	}
}

// Of has the caller change key and returns the event to write with it, which
// has no ID when nothing changed. It returns [ErrNothingToWrite] when the caller
// refuses or has gone, and waits for the caller until ctx ends.
func (c *Change) Of(ctx context.Context, key *domain.APIKey) (domain.Event, error) {
	select {
	case c.asked <- key:
	case <-c.gone:
		return domain.Event{}, ErrNothingToWrite
	case <-ctx.Done():
		return domain.Event{}, ctx.Err()
	}
	select {
	case made := <-c.made:
		if made.refusal != nil {
			return domain.Event{}, ErrNothingToWrite
		}
		return made.event, nil
	case <-c.gone:
		return domain.Event{}, ErrNothingToWrite
	case <-ctx.Done():
		return domain.Event{}, ctx.Err()
	}
}

// Write runs write, which asks for the change, in a goroutine of its own. It
// returns what write returns, the error of the last change instead of
// [ErrNothingToWrite], an error that wraps [domain.ErrUnavailable] as soon as ctx
// ends, or one that wraps [ErrPanicked] if write panics.
func (c *Change) Write(ctx context.Context, write func() error) error {
	if err := ctx.Err(); err != nil {
		return Unavailable(err)
	}
	defer close(c.gone)
	written := make(chan error, 1)
	go func() {
		_, err := Contained("writing a change", func() (struct{}, error) { return struct{}{}, write() })
		written <- err
	}()
	for refusal := error(nil); ; {
		select {
		case key := <-c.asked:
			var event domain.Event
			event, refusal = c.apply(key)
			c.made <- decision{event, refusal}
		case err := <-written:
			if errors.Is(err, ErrNothingToWrite) {
				return refusal
			}
			return err
		case <-ctx.Done():
			return Unavailable(ctx.Err())
		}
	}
}
