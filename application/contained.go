package application

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrPanicked says that what was called, an embedder's own part perhaps,
// panicked.
var ErrPanicked = errors.New("panicked")

// Contained makes a call where nobody could recover its panic, and turns that
// into an error that wraps [ErrPanicked] and tells its type and its stack. The
// panic's value may hold anything and is not told.
func Contained(what string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s %w with a %T:\n%s", what, ErrPanicked, p, debug.Stack())
		}
	}()
	return call()
}
