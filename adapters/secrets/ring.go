package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"io"

	"github.com/slaunchx/apikeys/adapters/internal/keyring"
	"github.com/slaunchx/apikeys/domain"
)

// Limits of a pepper.
const (
	MinPepperLength   = keyring.MinKeyLength // bytes, the output of SHA-256 (RFC 2104 section 3)
	MaxPepperIDLength = keyring.MaxIDLength  // characters
)

// Ring holds the peppers of a [Hasher]; the first is the current one. It prints
// only a placeholder. The zero value is empty; [ParseRing] returns a usable ring.
type Ring struct {
	domain.Redacted

	peppers []keyring.Entry
}

// ParseRing parses a comma-separated list of peppers of the form id:base64, the
// current one first. The base64 is standard and padded (RFC 4648 section 4) and
// decodes to at least [MinPepperLength] bytes; an id is 1 to [MaxPepperIDLength]
// of A-Z a-z 0-9 _ - and unique. White space around an entry is ignored.
//
// The error joins all errors found and contains no part of a pepper.
func ParseRing(text string) (Ring, error) {
	peppers, err := keyring.Parse("pepper", text)
	return Ring{peppers: peppers}, err
}

// NewPepper returns a new entry for [ParseRing] with 32 bytes read from random,
// or an error if id is malformed or reading fails.
func NewPepper(random io.Reader, id string) (string, error) { return keyring.New(random, id) }

// checkDomain separates check values from digests: no secret begins with it.
const checkDomain = "apikeys pepper check 1:"

// Checks returns a check of each pepper, in the order of the ring: the HMAC-SHA-256,
// under the pepper, of a text that contains its identifier. Finding a pepper from its
// check is as hard as from a digest.
func (r Ring) Checks() []domain.PepperCheck {
	checks := make([]domain.PepperCheck, len(r.peppers))
	for i, p := range r.peppers {
		mac := hmac.New(sha256.New, p.Key())
		mac.Write([]byte(checkDomain + p.ID))
		checks[i].PepperID = p.ID
		mac.Sum(checks[i].Sum[:0])
	}
	return checks
}
