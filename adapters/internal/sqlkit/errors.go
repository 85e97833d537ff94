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

// Settled reports whether err is an error of the store itself, which is returned
// unchanged, rather than one of its driver.
func Settled(err error) bool {
	_, own := errors.AsType[ownError](err)
	_, replayed := errors.AsType[*ports.Replayed](err)
	_, webhook := errors.AsType[*ports.WebhookReplayed](err)
	return err == nil || own || replayed || webhook || slices.ContainsFunc(words, func(word error) bool { return errors.Is(err, word) })
}

// words are the errors of the store itself.
var words = []error{
	ErrNothingToWrite,
	domain.ErrPanicked,
	domain.ErrKeyExists,
	domain.ErrKeyNotFound,
	domain.ErrTooManyKeys,
	domain.ErrWebhookNotFound,
	domain.ErrTooManyWebhooks,
	domain.ErrConflict,
	domain.ErrIdempotencyKeyReused,
	domain.ErrIdempotencyKeyInUse,
}

// Refused wraps the error with which a caller refused a change, so that it is returned
// to the caller unchanged.
func Refused(err error) error { return ownError{err} }

// ownError is an error in a stored value, or in one to be stored.
type ownError struct{ error }

func (e ownError) Unwrap() error { return e.error }
