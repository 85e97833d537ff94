package postgres

import (
	"context"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// Bounds of the tries after a serialization failure or a deadlock.
const (
	maxRetries = 4
	firstPause = 5 * time.Millisecond
)

// retrying calls f again when the server says that it rolled back, and once
// more on another connection when f met one whose prepared statements are
// spoiled.
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

// onSound returns what f returns, and calls it once more if it met a connection
// whose prepared statements are spoiled: that one and those that are as old are
// not used again.
func onSound[T any](f func() (T, error)) (T, error) {
	value, err := f()
	if spoiled(err) {
		return f()
	}
	return value, err
}

// written writes a change when few others are under way.
func (r *KeyRepository) written(ctx context.Context, write func(ctx context.Context) error) error {
	if err := r.changes.Acquire(ctx, 1); err != nil {
		return sqlkit.Unavailable(err)
	}
	defer r.changes.Release(1)
	return written(ctx, write)
}

// written writes a change, and says that it was made only to who still waits. A
// server that is told to wait no longer for its synchronous standby answers
// that the change is made, though it would be lost in a failover.
func written(ctx context.Context, write func(ctx context.Context) error) error {
	err := translate(ctx, retrying(ctx, write))
	if err == nil && ctx.Err() != nil {
		return sqlkit.Unavailable(ctx.Err())
	}
	return err
}
