package postgres

import (
	"context"
	"time"

	"github.com/sethvargo/go-retry"
)

// Bounds of the tries after a serialization failure or a deadlock.
const (
	maxRetries = 4
	firstPause = 5 * time.Millisecond
)

// retrying calls f again when the server says that it rolled back.
func retrying(ctx context.Context, f func(ctx context.Context) error) error {
	backoff := retry.WithMaxRetries(maxRetries, retry.WithJitterPercent(50, retry.NewExponential(firstPause)))
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		err := f(ctx)
		if rolledBack(err) {
			return retry.RetryableError(err)
		}
		return err
	})
}
