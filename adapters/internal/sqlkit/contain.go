package sqlkit

import (
	"fmt"
	"runtime/debug"

	"github.com/slaunchx/apikeys/domain"
)

// Contained calls a function in a goroutine whose panics nobody else would
// recover. It returns a panic as an error that wraps [domain.ErrPanicked], with the
// type and the stack of the panic, but without its value, which may contain
// anything.
func Contained[T any](what string, call func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var none T
			value, err = none, fmt.Errorf("%s %w with a %T:\n%s", what, domain.ErrPanicked, p, debug.Stack())
		}
	}()
	return call()
}
