package webhooks

import (
	"errors"
	"fmt"
	"runtime/debug"
)

var errPanicked = errors.New("panicked")

// contained calls call and turns a panic, for example in an embedder's store, into an
// error. The error contains the type of the panic value and the stack, but not the
// value.
func contained(what string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s %w with a %T:\n%s", what, errPanicked, p, debug.Stack())
		}
	}()
	return call()
}
