package sqlkit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Unavailable returns cause as a [domain.ErrUnavailable].
func Unavailable(cause error) error {
	return fmt.Errorf("%w: %w", domain.ErrUnavailable, cause)
}

// Settled reports whether err is an error of the store itself, to be returned
// as it is, and not one of its driver.
func Settled(err error) bool {
	_, own := errors.AsType[ownError](err)
	_, replayed := errors.AsType[*ports.Replayed](err)
	return err == nil || own || replayed || slices.ContainsFunc(words, func(word error) bool { return errors.Is(err, word) })
}

// words are the errors of a store itself.
var words = []error{
	ErrNothingToWrite,
	ErrPanicked,
	domain.ErrKeyExists,
	domain.ErrKeyNotFound,
	domain.ErrTooManyKeys,
	domain.ErrIdempotencyKeyReused,
	domain.ErrIdempotencyKeyInUse,
}

// ownError is about what is stored, or is to be.
type ownError struct{ error }

func (e ownError) Unwrap() error { return e.error }
