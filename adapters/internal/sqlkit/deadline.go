package sqlkit

import "context"

// UntilDone returns what call returns, or an error that wraps domain.ErrUnavailable as soon as
// ctx ends. It then abandons call, which need not end with the context. A panic
// of call is returned as an error that begins with what.
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
