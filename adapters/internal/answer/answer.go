// Package answer determines the response to a permission check: status, code,
// headers and body. The adapters that check the keys of a proxy's requests use
// it, so that their responses are the same over HTTP and gRPC.
package answer

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/slaunchx/apikeys/domain"
)

// The reasons to refuse a request because of the API key that it presents.
var (
	ErrInvalidKey     = errors.New("invalid API key")
	ErrLacksScope     = errors.New("API key lacks a required scope")
	ErrAddressRefused = errors.New("address not allowed for this API key")
	ErrRateLimited    = errors.New("API key has reached a rate limit")
	ErrQuotaExceeded  = errors.New("API key has used up its quota")
)

// ErrTooLarge is the error of a request that is larger than its limit.
var ErrTooLarge = errors.New("request body is too large")

// RetryAfterSeconds is how long a caller should wait after a 503.
const RetryAfterSeconds = 1

// Outcome is the response to an error.
type Outcome struct {
	Err     error
	Status  int
	Code    string
	Headers func(h http.Header, err error) // may be nil
}

// Checks are the outcomes of a permission check that is refused or fails.
var Checks = []Outcome{
	{Err: domain.ErrInvalidToken, Status: http.StatusUnauthorized, Code: "4010", Headers: challenge},
	{Err: ErrInvalidKey, Status: http.StatusUnauthorized, Code: "4011", Headers: challenge},
	{Err: ErrLacksScope, Status: http.StatusForbidden, Code: "4032", Headers: challenge},
	// No challenge: no other credentials would change the address.
	{Err: ErrAddressRefused, Status: http.StatusForbidden, Code: "4033"},
	{Err: ErrRateLimited, Status: http.StatusTooManyRequests, Code: "4291"},
	{Err: ErrQuotaExceeded, Status: http.StatusTooManyRequests, Code: "4292"},
	{Err: ErrTooLarge, Status: http.StatusRequestEntityTooLarge, Code: "4130"},
	{Err: domain.ErrUnavailable, Status: http.StatusServiceUnavailable, Code: "5030", Headers: RetryAfter},
}

// The outcomes of [domain.Faults] and of unknown errors.
var (
	Validation = Outcome{Status: http.StatusBadRequest, Code: "4000"}
	Internal   = Outcome{Status: http.StatusInternalServerError, Code: "5000"}
)

// Of returns the first of outcomes that matches err, [Validation] for
// [domain.Faults], or else [Internal].
func Of(err error, outcomes []Outcome) Outcome {
	if _, ok := errors.AsType[domain.Faults](err); ok {
		return Validation
	}
	for _, o := range outcomes {
		if errors.Is(err, o.Err) {
			return o
		}
	}
	return Internal
}

// RetryAfter sets the header of that name (RFC 9110 section 10.2.3).
func RetryAfter(h http.Header, _ error) {
	h.Set("Retry-After", strconv.Itoa(RetryAfterSeconds))
}
