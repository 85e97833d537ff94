package jwtauth

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxKeysPerID bounds the keys that share a kid, and those without kid, and so
// the signature checks that one token can cost: twice as many.
const maxKeysPerID = 8

// The ways in which a key set can fail to prove a token. In all but the first
// the set may be out of date.
var (
	errNoKeyID        = refuse("no kid, which this key set requires")
	errUnknownKey     = refuse("signed by an unknown key")
	errWrongAlgorithm = refuse("algorithm does not fit its key")
	errWrongSignature = refuse("signature fits no key")
)

// keySet is the usable keys of one document. It is immutable.
type keySet struct {
	byID map[string][]verificationKey
	size int
}

// skippedKey is a key of a document that cannot be used.
type skippedKey struct {
	index  int
	id     string
	reason error
}

func (k skippedKey) String() string {
	const maxID = 64 // bytes
	return fmt.Sprintf("key %d (kid %.*q) %v", k.index, maxID, k.id, k.reason)
}

// parseKeySet reads a JWK Set (RFC 7517 section 5). It skips keys that cannot
// be used; a document without a usable key is an error.
func parseKeySet(document []byte) (set *keySet, skipped []skippedKey, err error) {
	entries, err := keyEntries(document)
	if err != nil {
		return nil, nil, err
	}
	set = &keySet{byID: make(map[string][]verificationKey, len(entries))}
	for i, raw := range entries {
		if err := set.add(raw); err != nil {
			skipped = append(skipped, skippedKey{index: i, id: keyID(raw), reason: err})
		}
	}
	if set.size == 0 {
		return nil, skipped, errors.New("key set holds no usable key")
	}
	return set, skipped, nil
}

// lenient leaves it to the reader of one key to refuse what JSON should not
// contain, so that it spoils no other key.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// keyEntries returns the entries of a JWK Set, none of which it has judged.
func keyEntries(document []byte) ([]jsontext.Value, error) {
	document = bytes.TrimPrefix(document, []byte("\ufeff")) // as some editors write
	var members struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(document, &members, lenient); err != nil {
		return nil, errors.New("key set is not a JSON object with an array of keys")
	}
	return members.Keys, nil
}

// keyID returns the kid of an entry that may be malformed, or "".
func keyID(raw jsontext.Value) string {
	var members struct {
		ID string `json:"kid"`
	}
	_ = json.Unmarshal(raw, &members, lenient)
	return strings.ToValidUTF8(members.ID, "\ufffd")
}

func (s *keySet) add(raw jsontext.Value) error {
	key, err := parseKey(raw)
	if err != nil {
		return err
	}
	if len(s.byID[key.id]) == maxKeysPerID {
		return fmt.Errorf("is one of more than %d keys with that kid", maxKeysPerID)
	}
	s.byID[key.id] = append(s.byID[key.id], key)
	s.size++
	return nil
}

// verify returns nil if a key of the set signed t. It tries every key that has
// the kid of t and every key without kid. A token without kid may also be
// signed by the only key of a set, but by no other key that has one.
func (s *keySet) verify(t token) error {
	id := t.header.KeyID
	switch {
	case id != "":
		return verify(t, s.byID[id], s.byID[""])
	case s.size == 1:
		return verify(t, slices.Collect(maps.Values(s.byID))...)
	case len(s.byID[""]) == 0:
		return errNoKeyID
	}
	return verify(t, s.byID[""])
}

// verify tries candidates in their order. The header of t chooses among the
// algorithms of a key, but adds none.
func verify(t token, candidates ...[]verificationKey) error {
	known, fits := false, false
	for _, keys := range candidates {
		for _, key := range keys {
			known = true
			if !key.fits(t.header.Algorithm) {
				continue
			}
			fits = true
			if key.signed(t) {
				return nil
			}
		}
	}
	switch {
	case fits:
		return errWrongSignature
	case known:
		return errWrongAlgorithm
	}
	return errUnknownKey
}
