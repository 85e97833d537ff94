package webhooks

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// delays are the times between consecutive attempts, as recommended by Standard
// Webhooks. The first attempt is made at once; delays[0] is the time between it and the
// second.
var delays = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	// jitter is the largest fraction by which a delay is shortened or prolonged.
	jitter = 0.2
	// maxRetryAfter bounds what a receiver may ask for.
	maxRetryAfter = 24 * time.Hour
)

// nextAttempt returns the time until the next attempt after the given number of failed
// ones. asked is the delay that the last response asked for. It returns false if no
// attempt is left. random returns a number in [0, 1).
func nextAttempt(failed int, asked time.Duration, random func() float64) (time.Duration, bool) {
	if failed < 1 || failed > len(delays) {
		return 0, false
	}
	delay := delays[failed-1]
	delay += time.Duration((2*random() - 1) * jitter * float64(delay))
	return max(delay, min(asked, maxRetryAfter)), true
}

// retryAfter returns the delay that Retry-After in header asks for (RFC 9110 section
// 10.2.3), or 0 if it is missing, malformed or in the past.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 32)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, math.MaxUint32)) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}
