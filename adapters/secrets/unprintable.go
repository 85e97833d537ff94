package secrets

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// unprintable keeps the types that embed it out of logs, errors and documents:
// formatting, logging or marshalling them yields a placeholder.
type unprintable struct{}

// String returns a placeholder.
func (unprintable) String() string { return redacted }

// GoString returns a placeholder.
func (unprintable) GoString() string { return redacted }

// Format writes a placeholder for every verb.
func (unprintable) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns a placeholder.
func (unprintable) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a placeholder; the JSON and XML encoders call it.
func (unprintable) MarshalText() ([]byte, error) { return []byte(redacted), nil }
