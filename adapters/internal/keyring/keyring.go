// Package keyring parses rings of secret keys, which operators write as a list of
// entries with an ID and the key in base64.
package keyring

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of an entry.
const (
	MinKeyLength = 32 // bytes
	MaxIDLength  = 32 // characters
)

// Entry is one key of a ring.
type Entry struct {
	ID string
	// Key is a function because fmt, which does not call methods on an unexported
	// field of another package's struct, would print bytes.
	Key func() []byte
}

// Parse parses a comma-separated list of keys of the form id:base64. The base64 is
// standard and padded (RFC 4648 section 4) and decodes to at least [MinKeyLength]
// bytes; an ID is 1 to [MaxIDLength] of A-Z a-z 0-9 _ - and unique. White space around
// an entry is ignored. Errors refer to a key as noun.
//
// The error joins all errors found and contains no part of a key.
func Parse(noun, text string) ([]Entry, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("no %s given: write id:base64", noun)
	}
	var entries []Entry
	var errs []error
	seen := map[string]bool{}
	for i, part := range strings.Split(text, ",") {
		e, err := parseEntry(strings.TrimSpace(part))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s %d: %w", noun, i+1, err))
		case seen[e.ID]:
			errs = append(errs, fmt.Errorf("%s %d: id %q appears twice", noun, i+1, e.ID))
		default:
			entries = append(entries, e)
			seen[e.ID] = true
		}
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	return entries, nil
}

// New returns a new entry for [Parse] with 32 bytes read from random, or an error if
// id is malformed or reading fails.
func New(random io.Reader, id string) (string, error) {
	if err := checkID(id); err != nil {
		return "", err
	}
	key := make([]byte, MinKeyLength)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return id + ":" + base64.StdEncoding.EncodeToString(key), nil
}

// parseEntry parses one entry and returns all its errors. They never quote the
// entry, because an entry without an ID is a bare key.
func parseEntry(entry string) (Entry, error) {
	id, encoded, found := strings.Cut(entry, ":")
	if !found {
		return Entry{}, errors.New("must be written id:base64")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	switch {
	case err != nil:
		err = errors.New("must be standard base64 with padding after the colon")
	case len(key) < MinKeyLength:
		err = fmt.Errorf("has %d bytes, must have at least %d", len(key), MinKeyLength)
	}
	if err := errors.Join(checkID(id), err); err != nil {
		return Entry{}, err
	}
	return Entry{ID: id, Key: func() []byte { return key }}, nil
}

func checkID(id string) error {
	if len(id) < 1 || len(id) > MaxIDLength || strings.ContainsFunc(id, notInID) {
		return fmt.Errorf("id must be 1 to %d of A-Z a-z 0-9 _ -", MaxIDLength)
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
