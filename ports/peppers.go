package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// PepperKeeper records which peppers a store is used with, so that a pepper that was
// replaced by accident is noticed.
type PepperKeeper interface {
	// KeepPepper stores check, unless a check with the same pepper identifier is
	// already stored, and returns the stored check. It never replaces a check: of any
	// number of concurrent callers, in one process or in several, exactly one stores
	// its check, and all receive that one.
	//
	// It is safe for concurrent use, and returns an error that wraps
	// [domain.ErrUnavailable] if the store cannot be reached or does not respond before
	// ctx ends.
	KeepPepper(ctx context.Context, check domain.PepperCheck) (stored domain.PepperCheck, err error)
}
