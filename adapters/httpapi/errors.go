package httpapi

import (
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/domain"
)

// Errors that occur only over HTTP.
var (
	errNotAcceptable = errors.New("response type not available")
	errMediaType     = errors.New("content type is not application/json")
	errTooMany       = errors.New("too many requests")
)

// outcomes maps errors to responses; the first match counts.
var outcomes = slices.Concat(answer.Checks, []answer.Outcome{
	{Err: domain.ErrInvalidSignature, Status: http.StatusUnauthorized, Code: "4012", Headers: askSignature},
	{Err: domain.ErrNotOwner, Status: http.StatusForbidden, Code: "4030"},
	{Err: domain.ErrTestKeyPortal, Status: http.StatusForbidden, Code: "4031"},
	{Err: domain.ErrKeyNotFound, Status: http.StatusNotFound, Code: "4040"},
	{Err: domain.ErrWebhookNotFound, Status: http.StatusNotFound, Code: "4042"},
	{Err: echo.ErrNotFound, Status: http.StatusNotFound, Code: "4041"},
	{Err: echo.ErrMethodNotAllowed, Status: http.StatusMethodNotAllowed, Code: "4050", Headers: allow},
	{Err: domain.ErrConflict, Status: http.StatusConflict, Code: "4090"},
	{Err: domain.ErrIdempotencyKeyInUse, Status: http.StatusConflict, Code: "4090", Headers: answer.RetryAfter},
	{Err: domain.ErrIdempotencyKeyReused, Status: http.StatusConflict, Code: "4091"},
	{Err: domain.ErrTooManyKeys, Status: http.StatusConflict, Code: "4092"},
	{Err: domain.ErrTooManyWebhooks, Status: http.StatusConflict, Code: "4093"},
	{Err: domain.ErrNoWebhooks, Status: http.StatusConflict, Code: "4094"},
	{Err: domain.ErrChanged, Status: http.StatusPreconditionFailed, Code: "4120"},
	{Err: errNotAcceptable, Status: http.StatusNotAcceptable, Code: "4060"},
	{Err: errMediaType, Status: http.StatusUnsupportedMediaType, Code: "4150"},
	{Err: form.ErrCoding, Status: http.StatusUnsupportedMediaType, Code: "4150", Headers: acceptIdentity},
	{Err: errTooMany, Status: http.StatusTooManyRequests, Code: "4290", Headers: retryAfterWait},
})

func outcomeOf(err error) answer.Outcome {
	o := answer.Of(err, outcomes)
	if _, ok := errors.AsType[*asForbidden](err); ok {
		o.Status = http.StatusForbidden
	}
	return o
}

// asForbidden is the error for a request that is refused with 403 because its caller
// cannot forward the status of the wrapped error.
type asForbidden struct{ error }

func (e *asForbidden) Unwrap() error { return e.error }

// methodNotAllowed is an echo.ErrMethodNotAllowed with the methods of the
// route. echo includes OPTIONS, which this API does not support.
type methodNotAllowed struct{ allow string }

func (methodNotAllowed) Error() string { return echo.ErrMethodNotAllowed.Error() }

func (methodNotAllowed) Unwrap() error { return echo.ErrMethodNotAllowed }

func allow(h http.Header, err error) {
	var m methodNotAllowed
	if errors.As(err, &m) {
		h.Set("Allow", m.allow)
	}
}

// askSignature sets the challenge for a report without a valid signature.
func askSignature(h http.Header, _ error) { h.Set("WWW-Authenticate", "Signature") }

// acceptIdentity lists the accepted content codings (RFC 9110 section 12.5.3).
func acceptIdentity(h http.Header, _ error) { h.Set("Accept-Encoding", "identity") }
