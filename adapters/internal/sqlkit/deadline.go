package sqlkit

import "context"

// UntilDone returns the results of call or, as soon as ctx ends, an error that wraps
// domain.ErrUnavailable. In that case it abandons call, which need not respect ctx. If call
// panics, UntilDone returns an error that begins with what.
func UntilDone[T any](ctx context.Context, what string, call func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := Contained(what, call)
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, Unavailable(ctx.Err())
	}
}
