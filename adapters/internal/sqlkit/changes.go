package sqlkit

import (
	"encoding/json"
	"fmt"

	"github.com/slaunchx/apikeys/domain"
)

type changeJSON struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

func encodeChanges(changes []domain.Change) (string, error) {
	out := make([]changeJSON, len(changes))
	for i, c := range changes {
		if !storable(c.Old) || !storable(c.New) {
			return "", fmt.Errorf("change of %s: only strings, lists of strings and nil can be stored", c.Field)
		}
		out[i] = changeJSON(c)
	}
	encoded, err := json.Marshal(out)
	return string(encoded), err
}

func storable(v any) bool {
	switch v.(type) {
	case nil, string, []string:
		return true
	}
	return false
}

// decodeChanges marks unreadable values as [domain.Unreadable], and returns
// false if there are any.
func decodeChanges(stored Field[string]) (changes []domain.Change, ok bool) {
	text, ok := stored.required()
	var in []json.RawMessage
	if !ok || json.Unmarshal([]byte(text), &in) != nil {
		return []domain.Change{{Field: domain.Unreadable}}, false
	}
	changes = make([]domain.Change, len(in))
	for i, raw := range in {
		change, readable := decodeChange(raw)
		changes[i] = change
		ok = ok && readable
	}
	return changes, ok
}

func decodeChange(stored json.RawMessage) (domain.Change, bool) {
	var in changeJSON
	if json.Unmarshal(stored, &in) != nil || in.Field == "" {
		return domain.Change{Field: domain.Unreadable}, false
	}
	before, okBefore := decodeValue(in.Old)
	after, okAfter := decodeValue(in.New)
	return domain.Change{Field: in.Field, Old: before, New: after}, okBefore && okAfter
}

// decodeValue converts the lists of encoding/json to lists of strings.
func decodeValue(v any) (any, bool) {
	switch v := v.(type) {
	case nil, string:
		return v, true
	case []any:
		texts := make([]string, len(v))
		for i, e := range v {
			text, ok := e.(string)
			if !ok {
				return domain.Unreadable, false
			}
			texts[i] = text
		}
		return texts, true
	}
	return domain.Unreadable, false
}
