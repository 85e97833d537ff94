package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sethvargo/go-retry"
)

// Delays between attempts. Each is up to retryJitter percent longer or shorter, so that
// not all clients return at once when a service recovers.
const (
	firstDelay  = 200 * time.Millisecond
	maxDelay    = 5 * time.Second
	retryJitter = 50
	// maxRetryAfter is the longest delay that the service may ask for. Beyond it
	// the caller gets the error at once, with its RetryAfter.
	maxRetryAfter = 30 * time.Second
)

// connectionError is the error for a request without a response.
type connectionError struct{ error }

func (e *connectionError) Unwrap() error { return e.error }

// retry calls attempt until it succeeds, fails with an error that must not be retried,
// or has been called m.attempts times. It does not start a delay that ctx would cut
// short.
func (m *Manager) retry(ctx context.Context, r request, attempt func(context.Context) error) error {
	var asked time.Duration // by the last response
	var failed error
	delays := retry.WithCappedDuration(maxDelay, retry.WithJitterPercent(retryJitter, retry.NewExponential(firstDelay)))
	left := m.attempts
	err := retry.Do(ctx, retry.BackoffFunc(func() (time.Duration, bool) {
		left--
		delay, _ := delays.Next()
		delay += asked
		deadline, limited := ctx.Deadline()
		return delay, left <= 0 || limited && time.Until(deadline) < delay
	}), func(ctx context.Context) error {
		failed = attempt(ctx)
		var repeat bool
		if asked, repeat = r.repeatable(failed); repeat && ctx.Err() == nil {
			return retry.RetryableError(failed)
		}
		return failed
	})
	if err != nil && failed != nil && !errors.Is(failed, err) { // cancelled during a delay
		return fmt.Errorf("%w: %w", failed, err)
	}
	return err
}

// repeatable reports whether r may be sent again after err, and the delay that the
// service asks for. Repeating a request never makes its change twice, but a request
// with If-Match fails if its first attempt changed the key.
func (r *request) repeatable(err error) (after time.Duration, ok bool) {
	var lost *connectionError
	if errors.As(err, &lost) {
		var untrusted *tls.CertificateVerificationError // a retry would meet the same certificate
		return 0, r.ifMatch == "" && !errors.As(err, &untrusted)
	}
	var response *Error
	if !errors.As(err, &response) || response.RetryAfter > maxRetryAfter {
		return 0, false
	}
	switch response.Status {
	case http.StatusTooManyRequests:
		return response.RetryAfter, true
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return response.RetryAfter, r.ifMatch == ""
	case http.StatusConflict: // an earlier attempt is in flight
		return response.RetryAfter, response.RetryAfter > 0
	}
	return 0, false
}
