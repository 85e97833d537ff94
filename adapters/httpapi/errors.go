package httpapi

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/domain"
)

// What only HTTP can get wrong.
var (
	errNotAcceptable = errors.New("response type not available")
	errMediaType     = errors.New("content type is not application/json")
	errTooMany       = errors.New("too many requests")
)

// What an API key is refused for where it opens something.
var (
	errInvalidKey     = errors.New("invalid API key")
	errLacksScope     = errors.New("API key lacks a required scope")
	errAddressRefused = errors.New("address not allowed for this API key")
)

// retryAfterSeconds is what a caller is asked to wait after 503, and while the
// twin of a request is still running.
const retryAfterSeconds = 1

// outcome is how an error is answered.
type outcome struct {
	err     error
	status  int
	code    string
	headers func(h http.Header, err error) // may be nil
}

// outcomes maps errors to answers; the first that matches counts.
var outcomes = []outcome{
	{err: domain.ErrInvalidToken, status: http.StatusUnauthorized, code: "4010", headers: challenge},
	{err: errInvalidKey, status: http.StatusUnauthorized, code: "4011", headers: challenge},
	{err: domain.ErrNotOwner, status: http.StatusForbidden, code: "4030"},
	{err: domain.ErrTestKeyPortal, status: http.StatusForbidden, code: "4031"},
	{err: errLacksScope, status: http.StatusForbidden, code: "4032", headers: challenge},
	// No challenge: no other credentials would change the address.
	{err: errAddressRefused, status: http.StatusForbidden, code: "4033"},
	{err: domain.ErrKeyNotFound, status: http.StatusNotFound, code: "4040"},
	{err: echo.ErrNotFound, status: http.StatusNotFound, code: "4041"},
	{err: echo.ErrMethodNotAllowed, status: http.StatusMethodNotAllowed, code: "4050", headers: allow},
	{err: domain.ErrConflict, status: http.StatusConflict, code: "4090"},
	{err: domain.ErrIdempotencyKeyInUse, status: http.StatusConflict, code: "4090", headers: retryAfter},
	{err: domain.ErrIdempotencyKeyReused, status: http.StatusConflict, code: "4091"},
	{err: domain.ErrTooManyKeys, status: http.StatusConflict, code: "4092"},
	{err: domain.ErrChanged, status: http.StatusPreconditionFailed, code: "4120"},
	{err: errNotAcceptable, status: http.StatusNotAcceptable, code: "4060"},
	{err: form.ErrTooLarge, status: http.StatusRequestEntityTooLarge, code: "4130"},
	{err: errMediaType, status: http.StatusUnsupportedMediaType, code: "4150"},
	{err: form.ErrCoding, status: http.StatusUnsupportedMediaType, code: "4150", headers: acceptIdentity},
	{err: errTooMany, status: http.StatusTooManyRequests, code: "4290", headers: retryAfterWait},
	{err: domain.ErrUnavailable, status: http.StatusServiceUnavailable, code: "5030", headers: retryAfter},
}

var (
	validation = outcome{status: http.StatusBadRequest, code: "4000"}
	internal   = outcome{status: http.StatusInternalServerError, code: "5000"}
)

func outcomeOf(err error) outcome {
	if _, ok := errors.AsType[domain.Faults](err); ok {
		return validation
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o
		}
	}
	return internal
}

// methodNotAllowed is an echo.ErrMethodNotAllowed that knows the methods of
// the route. echo counts OPTIONS among them, which this API does not answer.
type methodNotAllowed struct{ allow string }

func (methodNotAllowed) Error() string { return echo.ErrMethodNotAllowed.Error() }

func (methodNotAllowed) Unwrap() error { return echo.ErrMethodNotAllowed }

func allow(h http.Header, err error) {
	var m methodNotAllowed
	if errors.As(err, &m) {
		h.Set("Allow", m.allow)
	}
}

func retryAfter(h http.Header, _ error) {
	h.Set("Retry-After", strconv.Itoa(retryAfterSeconds))
}

// acceptIdentity says which content codings are read (RFC 9110 section 12.5.3).
func acceptIdentity(h http.Header, _ error) { h.Set("Accept-Encoding", "identity") }
