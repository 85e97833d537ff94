package webhooks

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// delays are the times between two attempts, as Standard Webhooks recommends them: the
// first is that between the first attempt, which is made at once, and the second.
var delays = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	// jitter is the part of a delay by which it is shortened or prolonged at most.
	jitter = 0.2
	// maxRetryAfter bounds what a receiver may ask for.
	maxRetryAfter = 24 * time.Hour
)

// nextAttempt returns the time until the attempt after that many failed ones, of which
// the last response asked for asked. It returns false if that was the last. random
// returns a number in [0, 1).
func nextAttempt(failed int, asked time.Duration, random func() float64) (time.Duration, bool) {
	if failed < 1 || failed > len(delays) {
		return 0, false
	}
	delay := delays[failed-1]
	delay += time.Duration((2*random() - 1) * jitter * float64(delay))
	return max(delay, min(asked, maxRetryAfter)), true
}

// retryAfter returns how long the Retry-After of header asks to wait (RFC 9110 section
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
