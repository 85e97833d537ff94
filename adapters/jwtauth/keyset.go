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

// maxKeysPerID limits the keys that share a kid and the keys without kid. One
// token can thus cost at most twice as many signature checks.
const maxKeysPerID = 8

// The reasons why a key set does not verify a token. For all but the first, the
// set may be out of date.
var (
	errNoKeyID        = reject("no kid, which this key set requires")
	errUnknownKey     = reject("signed by an unknown key")
	errWrongAlgorithm = reject("algorithm does not fit its key")
	errWrongSignature = reject("signature fits no key")
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

// parseKeySet parses a JWK Set (RFC 7517 section 5). It skips unusable keys, and
// returns an error if none is left.
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
		return nil, skipped, errors.New("key set contains no usable key")
	}
	return set, skipped, nil
}

// lenient accepts duplicate members and invalid UTF-8, which parseKey then
// rejects per key, so that one bad key does not invalidate the others.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// keyEntries returns the entries of a JWK Set, unchecked.
func keyEntries(document []byte) ([]jsontext.Value, error) {
	document = bytes.TrimPrefix(document, []byte("\ufeff")) // written by some editors
	var members struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(document, &members, lenient); err != nil {
		return nil, errors.New("key set is not a JSON object with an array of keys")
	}
	return members.Keys, nil
}

// keyID returns the kid of an entry, which may be malformed, or "".
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

// verify returns nil if a key of the set signed t. It tries every key that has the kid
// of t and every key without kid. A token without kid may also be signed by the only
// key of a set, but not by any other key that has a kid.
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

// verify tries the candidates in order. The header of t selects among the
// algorithms of a key but cannot add one.
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
