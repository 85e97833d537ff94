package sqlkit

import (
	"context"
	"errors"

	"github.com/slaunchx/apikeys/domain"
)

// ErrNothingToWrite ends an update that its caller rejected or abandoned, or
// that changed nothing.
var ErrNothingToWrite = errors.New("nothing to write")

// Change is the caller's part of an update. The goroutine that holds the transaction
// requests it, but the caller's own goroutine runs it, so that a panic affects only the
// caller, and the change never runs once the caller has left.
type Change struct {
	apply func(*domain.APIKey) (domain.Event, error)
	asked chan *domain.APIKey
	made  chan decision
	gone  chan struct{}
}

// decision is the result of the caller's part of an update.
type decision struct {
	event   domain.Event
	refusal error
}

// NewChange returns a change that runs f.
func NewChange(f func(*domain.APIKey) (domain.Event, error)) *Change {
	return &Change{
		apply: f,
		asked: make(chan *domain.APIKey),
		made:  make(chan decision, 1),
		gone:  make(chan struct{}),
	}
}

// Of lets the caller change key and returns the event of the change, which has
// no ID if nothing changed. It returns [ErrNothingToWrite] if the caller
// rejects the change or has left, and waits for the caller until ctx ends.
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

// Write runs write, which calls Of, in a separate goroutine. It returns the error of
// write, except that it returns the error of the last change instead of
// [ErrNothingToWrite]. As soon as ctx ends, it returns an error that wraps
// [domain.ErrUnavailable]; if write panics, it returns one that wraps
// [domain.ErrPanicked].
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
