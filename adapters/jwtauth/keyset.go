package jwtauth

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// errUnknownKey is invalid by what is known; the keys may be out of date.
var errUnknownKey = refuse("signed by an unknown key")

// keySet is the usable keys of one document. It is immutable.
type keySet struct {
	byID map[string][]verificationKey
	size int
}

// parseKeySet reads a JWK Set (RFC 7517 section 5). Keys that cannot be used
// are left out, and returned as errors that give their place; a document
// without a usable key is an error.
func parseKeySet(document []byte) (set *keySet, dropped []error, err error) {
	var members struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, nil, errors.New("key set is not a JSON object with an array of keys")
	}
	set = &keySet{byID: make(map[string][]verificationKey, len(members.Keys))}
	for i, raw := range members.Keys {
		key, err := parseKey(raw)
		if err != nil {
			dropped = append(dropped, fmt.Errorf("key %d %w", i, err))
			continue
		}
		set.byID[key.id] = append(set.byID[key.id], key)
		set.size++
	}
	if set.size == 0 {
		return nil, dropped, errors.New("key set holds no usable key")
	}
	return set, dropped, nil
}

// find returns the key of that identifier whose algorithm the header names.
// A header without kid is accepted only when there is one key and no choice.
func (s *keySet) find(h header) (verificationKey, error) {
	candidates, known := s.byID[h.KeyID]
	if h.KeyID == "" {
		if s.size != 1 {
			return verificationKey{}, refuse("does not name its key")
		}
		candidates = s.all()
	} else if !known {
		return verificationKey{}, errUnknownKey
	}
	for _, key := range candidates {
		if key.algorithm.String() == h.Algorithm {
			return key, nil
		}
	}
	return verificationKey{}, refuse("algorithm is not that of its key")
}

func (s *keySet) all() []verificationKey {
	keys := make([]verificationKey, 0, s.size)
	for _, k := range s.byID {
		keys = append(keys, k...)
	}
	return keys
}
