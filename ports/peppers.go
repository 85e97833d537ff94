package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// PepperKeeper remembers under which peppers the digests of a store are made, so
// that a pepper which was replaced by accident is noticed.
type PepperKeeper interface {
	// KeepPepper stores check, unless a check for the same pepper identifier is
	// stored already, and returns the one that is stored then. It never replaces
	// one: of any number of callers, in one process or in several, the first
	// decides, and all others are returned what that one stored.
	//
	// It is safe for concurrent use, and returns an error that wraps
	// [domain.ErrUnavailable] if the store cannot be reached or does not answer
	// before ctx ends.
	KeepPepper(ctx context.Context, check domain.PepperCheck) (stored domain.PepperCheck, err error)
}
