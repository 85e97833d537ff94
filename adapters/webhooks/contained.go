package webhooks

import (
	"errors"
	"fmt"
	"runtime/debug"
)

var errPanicked = errors.New("panicked")

// contained calls call and turns a panic, such as one of an embedder's store, into an
// error, which contains the type of its value and the stack, but not the value.
func contained(what string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s %w with a %T:\n%s", what, errPanicked, p, debug.Stack())
		}
	}()
	return call()
}
