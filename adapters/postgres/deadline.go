package postgres

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// statementLimit is how long the server may neither send nor receive data before a
// connection is abandoned.
const statementLimit = 3 * time.Second

// untilDone returns the result of f, or an error that wraps
// domain.ErrUnavailable as soon as ctx ends. lib/pq does not stop reading from
// a silent host when the context ends, so f is abandoned then; the limit of its
// connection ends it. A panic of f becomes an error.
func untilDone[T any](ctx context.Context, f func() (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, sqlkit.Unavailable(err)
	}
	return sqlkit.UntilDone(ctx, "using the store", f)
}
