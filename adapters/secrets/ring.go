package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

// Limits of a pepper.
const (
	MinPepperLength   = 32 // bytes, the output of SHA-256 (RFC 2104 section 3)
	MaxPepperIDLength = 32 // characters
)

// Ring holds the peppers of a [Hasher]; the first is the current one. It prints
// only a placeholder. The zero value is empty; [ParseRing] returns a usable ring.
type Ring struct {
	domain.Redacted

	peppers []*pepper
}

type pepper struct {
	id string
	// key is a function because fmt does not call methods on an unexported field
	// of another package's struct, and would print the bytes.
	key func() []byte
}

// ParseRing parses a comma-separated list of peppers of the form id:base64, the
// current one first. The base64 is standard and padded (RFC 4648 section 4) and
// decodes to at least [MinPepperLength] bytes; an id is 1 to [MaxPepperIDLength]
// of A-Z a-z 0-9 _ - and unique. White space around an entry is ignored.
//
// The error joins all errors found and contains no part of a pepper.
func ParseRing(text string) (Ring, error) {
	if strings.TrimSpace(text) == "" {
		return Ring{}, errors.New("no pepper given: write id:base64")
	}
	var ring Ring
	var errs []error
	for i, entry := range strings.Split(text, ",") {
		p, err := parsePepper(strings.TrimSpace(entry))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("pepper %d: %w", i+1, err))
		case ring.find(p.id) != nil:
			errs = append(errs, fmt.Errorf("pepper %d: id %q appears twice", i+1, p.id))
		default:
			ring.peppers = append(ring.peppers, p)
		}
	}
	if errs != nil {
		return Ring{}, errors.Join(errs...)
	}
	return ring, nil
}

// NewPepper returns a new entry for [ParseRing] with 32 bytes read from random,
// or an error if id is malformed or reading fails.
func NewPepper(random io.Reader, id string) (string, error) {
	if err := checkID(id); err != nil {
		return "", err
	}
	key := make([]byte, MinPepperLength)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return id + ":" + base64.StdEncoding.EncodeToString(key), nil
}

// parsePepper parses one entry and returns all its errors. They never quote the
// entry, because an entry without an id is a bare pepper.
func parsePepper(entry string) (*pepper, error) {
	id, encoded, found := strings.Cut(entry, ":")
	if !found {
		return nil, errors.New("must be written id:base64")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	switch {
	case err != nil:
		err = errors.New("must be standard base64 with padding after the colon")
	case len(key) < MinPepperLength:
		err = fmt.Errorf("has %d bytes, must have at least %d", len(key), MinPepperLength)
	}
	if err := errors.Join(checkID(id), err); err != nil {
		return nil, err
	}
	return &pepper{id: id, key: func() []byte { return key }}, nil
}

func checkID(id string) error {
	if len(id) < 1 || len(id) > MaxPepperIDLength || strings.ContainsFunc(id, notInID) {
		return fmt.Errorf("id must be 1 to %d of A-Z a-z 0-9 _ -", MaxPepperIDLength)
	}
	return nil
}

func notInID(r rune) bool {
	switch {
	case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '-':
		return false
	}
	return true
}

// checkDomain separates check values from digests: no secret begins like it.
const checkDomain = "apikeys pepper check 1:"

// Checks returns a check of each pepper, in the order of the ring: the
// HMAC-SHA-256, under the pepper, of a text that names its identifier. It is as
// hard to find a pepper by as a digest is.
func (r Ring) Checks() []domain.PepperCheck {
	checks := make([]domain.PepperCheck, len(r.peppers))
	for i, p := range r.peppers {
		mac := hmac.New(sha256.New, p.key())
		mac.Write([]byte(checkDomain + p.id))
		checks[i].PepperID = p.id
		mac.Sum(checks[i].Sum[:0])
	}
	return checks
}

func (r Ring) find(id string) *pepper {
	i := slices.IndexFunc(r.peppers, func(p *pepper) bool { return p.id == id })
	if i < 0 {
		return nil
	}
	return r.peppers[i]
}
