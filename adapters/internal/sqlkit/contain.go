package sqlkit

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrPanicked says that a call panicked. It is a fault of the program, not a
// store that cannot be reached.
var ErrPanicked = errors.New("panicked")

// Contained makes a call in a goroutine whose panic nobody else would recover,
// and returns a panic as an error that wraps [ErrPanicked] and tells its type and
// its stack. The panic's value may hold anything and is not told.
func Contained[T any](what string, call func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var none T
			value, err = none, fmt.Errorf("%s %w with a %T:\n%s", what, ErrPanicked, p, debug.Stack())
		}
	}()
	return call()
}
