package postgres

import (
	"context"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// Limits of the retries after a serialization failure or a deadlock.
const (
	maxRetries = 4
	firstPause = 5 * time.Millisecond
)

// retrying calls f again if the server reports that it rolled back, and once
// more on another connection if the prepared statements of the first one are
// invalid.
func retrying(ctx context.Context, f func(ctx context.Context) error) error {
	backoff := retry.WithMaxRetries(maxRetries, retry.WithJitterPercent(50, retry.NewExponential(firstPause)))
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		_, err := onSound(func() (struct{}, error) { return struct{}{}, f(ctx) })
		if rolledBack(err) {
			return retry.RetryableError(err)
		}
		return err
	})
}

// onSound returns the result of f, and calls it once more if the prepared statements of
// its connection are invalid. That connection and all older ones are not used again.
func onSound[T any](f func() (T, error)) (T, error) {
	value, err := f()
	if spoiled(err) {
		return f()
	}
	return value, err
}

// written writes a change once few others are in flight.
func (r *KeyRepository) written(ctx context.Context, write func(ctx context.Context) error) error {
	if err := r.changes.Acquire(ctx, 1); err != nil {
		return sqlkit.Unavailable(err)
	}
	defer r.changes.Release(1)
	return written(ctx, write)
}

// written writes a change, and reports it as made only while its caller still waits. A
// server that is told to stop waiting for its synchronous standby reports the change as
// made, although a failover would lose it.
func written(ctx context.Context, write func(ctx context.Context) error) error {
	err := translate(ctx, retrying(ctx, write))
	if err == nil && ctx.Err() != nil {
		return sqlkit.Unavailable(ctx.Err())
	}
	return err
}
