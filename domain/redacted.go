package domain

import (
	"fmt"
	"io"
	"log/slog"
)

// Redacted keeps the types that embed it out of logs, errors and documents:
// formatting, logging or marshalling them yields a placeholder.
type Redacted struct{}

const placeholder = "[redacted]"

// String returns a placeholder.
func (Redacted) String() string { return placeholder }

// GoString returns a placeholder.
func (Redacted) GoString() string { return placeholder }

// Format writes a placeholder for every verb.
func (Redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// LogValue returns a placeholder.
func (Redacted) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText returns a placeholder; the JSON and XML encoders call it.
func (Redacted) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
