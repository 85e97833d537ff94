package keycache

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/application"
)

// load reads one key.
type load func(context.Context) (*application.KnownKey, error)

// flight is one read, and its result for all who wait for it.
type flight struct {
	name     string
	ctx      context.Context //nolint:containedctx // its values are those of the caller that began it
	load     load
	deadline time.Time
	expiry   *time.Timer // gives the flight up at the deadline

	// Guarded by the lock of its lane.
	answered uint64 // how many reads its lane had answered when it boarded
	read     bool   // a reader has it
	over     bool   // there is a result

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

// inTime reports whether there is time left to read.
func (f *flight) inTime() bool { return time.Now().Before(f.deadline) }

// fly asks the store. It may return long after the deadline.
func (f *flight) fly() (*application.KnownKey, error) {
	ctx, cancel := context.WithDeadline(f.ctx, f.deadline)
	defer cancel()
	return contained(ctx, f.load)
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
