package sqlkit

import (
	"errors"
	"fmt"

	"github.com/slaunchx/apikeys/domain"
)

// Unavailable returns cause as a [domain.ErrUnavailable].
func Unavailable(cause error) error {
	return fmt.Errorf("%w: %w", domain.ErrUnavailable, cause)
}

// Settled says whether err is the word of a store, which nothing needs to be
// read into, and not that of its driver.
func Settled(err error) bool {
	_, own := errors.AsType[ownError](err)
	return err == nil || own || errors.Is(err, ErrNothingToWrite) ||
		errors.Is(err, domain.ErrKeyExists) || errors.Is(err, domain.ErrKeyNotFound)
}

// ownError is about what is stored, or is to be.
type ownError struct{ error }

func (e ownError) Unwrap() error { return e.error }
