package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// slots limits how many calls may be in flight at the same time, including abandoned
// ones.
type slots chan struct{}

// within returns the results of call or, as soon as ctx ends, an error that wraps
// [domain.ErrUnavailable]. A system call on a disk that hangs does not end with a
// context. So call is abandoned, but keeps its slot until it ends: however long the
// disk hangs, no more calls hang with it than there are slots. If call panics, within
// returns an error.
func within[T any](ctx context.Context, s slots, what string, call func() (T, error)) (T, error) {
	select {
	case s <- struct{}{}:
	case <-ctx.Done():
		var none T
		return none, sqlkit.Unavailable(ctx.Err())
	}
	return sqlkit.UntilDone(ctx, what, func() (T, error) {
		defer func() { <-s }()
		return call()
	})
}

// read is [within] for a call that reads the database. It first checks that the
// files are in place, and translates errors of the driver.
func read[T any](ctx context.Context, r *KeyRepository, call func() (T, error)) (T, error) {
	value, err := within(ctx, r.reading, "reading from SQLite", func() (T, error) {
		if err := r.file.inPlace(ctx); err != nil {
			var none T
			return none, err
		}
		return call()
	})
	return value, translate(ctx, err)
}

// look is the [sqlkit.Runner] of the reads of this store.
func (r *KeyRepository) look(ctx context.Context, call func(ctx context.Context) error) error {
	_, err := read(ctx, r, func() (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}
