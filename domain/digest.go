package domain

import (
	"fmt"
	"io"
	"log/slog"
)

// Algorithm names how a digest was made, so that digests of several kinds can
// be stored beside each other.
type Algorithm string

// AlgorithmHMACSHA256 is HMAC-SHA-256 (RFC 2104) of the whole secret under a pepper.
const AlgorithmHMACSHA256 Algorithm = "hmac-sha256"

// Digest is what is stored of a secret. Like the secret, it cannot be printed
// by accident.
type Digest struct {
	Algorithm Algorithm
	PepperID  string
	Sum       [32]byte
}

// SecretVerifier says, in constant time, whether a digest is that of a secret.
type SecretVerifier interface {
	Verify(secret Secret, digest Digest) bool
}

// String returns a placeholder.
func (d Digest) String() string { return redacted }

// GoString returns a placeholder.
func (d Digest) GoString() string { return redacted }

// Format writes a placeholder whatever the verb.
func (d Digest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns a placeholder.
func (d Digest) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a placeholder; JSON and XML encoders ask for it.
func (d Digest) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns a placeholder.
func (d Digest) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
