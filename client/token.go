package client

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

const redacted = "[redacted]"

// Token is the service's internal token. Formatting, logging or marshalling it
// yields a placeholder, or the empty string if it is empty.
type Token string

// String returns a placeholder.
func (t Token) String() string {
	if t == "" {
		return ""
	}
	return redacted
}

// GoString returns a placeholder.
func (t Token) GoString() string { return t.String() }

// Format writes a placeholder for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue returns a placeholder.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText returns a placeholder; the JSON and XML encoders call it.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// authenticator returns a function that adds the token to the header of a
// request.
func (t Token) authenticator() (func(http.Header), error) {
	token := string(t)
	if !isVisibleASCII(token) {
		return nil, errors.New("client: Token must consist of visible ASCII characters")
	}
	if token == "" {
		return func(http.Header) {}, nil
	}
	return func(h http.Header) { h.Set("X-Internal-Token", token) }, nil
}
