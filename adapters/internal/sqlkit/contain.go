package sqlkit

import (
	"fmt"
	"runtime/debug"

	"github.com/slaunchx/apikeys/domain"
)

// Contained calls call and turns a panic into an error that wraps [domain.ErrPanicked].
// It is for goroutines in which a panic would end the process. The error contains the
// type and the stack of the panic, but not its value, which may be confidential.
func Contained[T any](what string, call func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var none T
			value, err = none, fmt.Errorf("%s %w with a %T:\n%s", what, domain.ErrPanicked, p, debug.Stack())
		}
	}()
	return call()
}
