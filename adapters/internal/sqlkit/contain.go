package sqlkit

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrPanicked means that a call panicked. It is a bug in the program, not an
// unreachable store.
var ErrPanicked = errors.New("panicked")

// Contained calls a function in a goroutine whose panics nobody else would
// recover. It returns a panic as an error that wraps [ErrPanicked], with the
// type and the stack of the panic, but without its value, which may contain
// anything.
func Contained[T any](what string, call func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var none T
			value, err = none, fmt.Errorf("%s %w with a %T:\n%s", what, ErrPanicked, p, debug.Stack())
		}
	}()
	return call()
}
