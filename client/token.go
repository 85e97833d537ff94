package client

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

const redacted = "[redacted]"

// Token is the service's internal token. It cannot be printed by accident:
// every way to format, log or marshal it gives a placeholder, and an empty
// string when it is empty.
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

// Format writes a placeholder whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue returns a placeholder.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText returns a placeholder; JSON and XML encoders ask for it.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// prover returns what adds the token to a request.
func (t Token) prover() (func(http.Header), error) {
	token := string(t)
	if strings.ContainsFunc(token, func(r rune) bool { return r < '!' || r > '~' }) {
		return nil, errors.New("client: Token must be of visible ASCII characters")
	}
	if token == "" {
		return func(http.Header) {}, nil
	}
	return func(h http.Header) { h.Set("X-Internal-Token", token) }, nil
}
