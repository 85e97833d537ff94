package secrets

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// unprintable keeps whatever embeds it out of logs, errors and documents:
// every way to format, log or marshal it gives a placeholder.
type unprintable struct{}

// String returns a placeholder.
func (unprintable) String() string { return redacted }

// GoString returns a placeholder.
func (unprintable) GoString() string { return redacted }

// Format writes a placeholder whatever the verb.
func (unprintable) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns a placeholder.
func (unprintable) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a placeholder; JSON and XML encoders ask for it.
func (unprintable) MarshalText() ([]byte, error) { return []byte(redacted), nil }
