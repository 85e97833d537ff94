package client

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/slaunchx/apikeys/client/internal/api"
	"github.com/slaunchx/apikeys/domain"
)

// Error is the error for a request that the service rejected or could not carry out.
//
// It wraps the error of package domain that an embedded service returns, such as
// [domain.ErrNotOwner] or [domain.ErrKeyNotFound], and [domain.ErrUnavailable] if
// the request may succeed later.
type Error struct {
	Status  int    // of HTTP
	Code    string // such as "4030"; empty if the response has no envelope
	Message string // for people, in the language of the client
	// Faults are all faults of the request, if Code is "4000".
	Faults []Fault
	// RetryAfter is how long the service asks the client to wait, or 0 if it does not.
	RetryAfter time.Duration
	// RequestID identifies the request in the service's log.
	RequestID string
}

// Fault is one fault of a request.
type Fault struct {
	// Field is the path of the value in the body, such as "ipWhitelist[2]", or the
	// name of a header or parameter; empty for the body as a whole.
	Field   string
	Reason  domain.Reason
	Message string // how to fix it, in the language of the client
}

// Error returns the status, code, message and faults.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "client: the service responded with status %d", e.Status)
	if e.Code != "" {
		fmt.Fprintf(&b, ", code %s: %s", e.Code, e.Message)
	}
	for i, fault := range e.Faults {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		b.WriteString(separator + fault.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// kinds maps codes to errors of package domain.
var kinds = map[api.ErrorCode]error{
	api.CodeInvalidToken:         domain.ErrInvalidToken,
	api.CodeNotOwner:             domain.ErrNotOwner,
	api.CodeNotPartner:           domain.ErrTestKeyPortal,
	api.CodeKeyNotFound:          domain.ErrKeyNotFound,
	api.CodeStateConflict:        domain.ErrConflict,
	api.CodeIdempotencyKeyReused: domain.ErrIdempotencyKeyReused,
	api.CodeTooManyKeys:          domain.ErrTooManyKeys,
	api.CodeWebhookNotFound:      domain.ErrWebhookNotFound,
	api.CodeTooManyWebhooks:      domain.ErrTooManyWebhooks,
	api.CodeNoWebhooks:           domain.ErrNoWebhooks,
	api.CodeKeyChanged:           domain.ErrChanged,
}

// Unwrap returns the error of package domain, or nil if there is none.
func (e *Error) Unwrap() error {
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return domain.ErrUnavailable
	}
	if e.Code == string(api.CodeStateConflict) && e.RetryAfter > 0 {
		return domain.ErrIdempotencyKeyInUse
	}
	return kinds[api.ErrorCode(e.Code)]
}

// Limits of the parts of a response that an error contains.
const (
	maxFaults  = 200
	maxMessage = 1 << 10 // bytes
)

// errorOf returns the error for a response that is not a success. It leaves out
// the text of a server that echoes the credentials of the request.
func errorOf(res *http.Response, body []byte, credentials string) *Error {
	e := &Error{Status: res.StatusCode, RetryAfter: retryAfter(res.Header)}
	var envelope api.ValidationError
	if len(body) > maxBody || !isJSON(res.Header) || jsonv2.Unmarshal(body, &envelope) != nil || !isCode(string(envelope.Code)) {
		return e
	}
	e.Code = string(envelope.Code)
	quote := func(text string) string { return quotable(text, credentials) }
	e.Message = quote(envelope.Message)
	e.RequestID = quote(res.Header.Get("X-Request-Id"))
	for _, fault := range envelope.Errors[:min(len(envelope.Errors), maxFaults)] {
		e.Faults = append(e.Faults, Fault{
			Field:   quote(fault.Field),
			Reason:  domain.Reason(quote(string(fault.Reason))),
			Message: quote(fault.Message),
		})
	}
	return e
}

func isCode(s string) bool {
	return len(s) == 4 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// quotable returns text without control characters, cut to a safe length, or a
// placeholder if it contains credentials.
func quotable(text, credentials string) string {
	_, token, _ := strings.Cut(credentials, " ")
	if strings.Contains(text, token) || domain.HasSecret(text) {
		return redacted
	}
	if len(text) > maxMessage {
		text = text[:maxMessage]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// retryAfter returns the delay of Retry-After (RFC 9110 section 10.2.3), or 0 if
// there is none. The service sends seconds; proxies may send a date.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
