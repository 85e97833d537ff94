package application

import (
	"fmt"
	"runtime/debug"

	"github.com/slaunchx/apikeys/domain"
)

// Contained calls call and turns a panic into an error that wraps [domain.ErrPanicked]. It is for
// goroutines in which a panic would end the process. The error contains what, the type of the panic
// value and the stack, but not the value, which may be confidential.
func Contained(what string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s %w with a %T:\n%s", what, domain.ErrPanicked, p, debug.Stack())
		}
	}()
	return call()
}
