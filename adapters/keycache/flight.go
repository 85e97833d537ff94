package keycache

import (
	"context"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/application"
)

// load reads one key.
type load func(context.Context) (*application.KnownKey, error)

// flight is one read, and what all who wait for it are told.
type flight struct {
	name     string
	ctx      context.Context //nolint:containedctx // its values are those of the caller that began it
	load     load
	deadline time.Time
	answered uint64 // how many its lane had answered when it boarded
	read     bool   // the store was asked

	landed chan struct{} // closed once there is a result
	known  *application.KnownKey
	err    error
}

// newFlight returns a flight that does not end with ctx: others may be waiting
// for it when the caller that began it has gone.
func newFlight(ctx context.Context, name string, load load, timeout time.Duration) *flight {
	return &flight{
		name:     name,
		ctx:      context.WithoutCancel(ctx),
		load:     load,
		deadline: time.Now().Add(timeout),
		landed:   make(chan struct{}),
	}
}

// fly sets the result. A flight that has waited for all its time for a reader
// does not ask the store.
func (f *flight) fly() {
	ctx, cancel := context.WithDeadline(f.ctx, f.deadline)
	defer cancel()
	if err := ctx.Err(); err != nil {
		f.err = fmt.Errorf("wait for other reads: %w: %w", errNotRead, err)
		return
	}
	f.read = true
	f.known, f.err = contained(ctx, f.load)
}

// contained turns a panic of load, which runs where no caller could recover
// it, into an error.
func contained(ctx context.Context, load load) (known *application.KnownKey, err error) {
	err = application.Contained("reading a key", func() (err error) {
		known, err = load(ctx)
		return err
	})
	return known, err
}
