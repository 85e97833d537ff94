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

func decodeChanges(stored string) ([]domain.Change, error) {
	var in []changeJSON
	if err := json.Unmarshal([]byte(stored), &in); err != nil {
		return nil, err
	}
	out := make([]domain.Change, len(in))
	for i, c := range in {
		out[i] = domain.Change{Field: c.Field}
		var err error
		if out[i].Old, err = decodeValue(c.Old); err != nil {
			return nil, err
		}
		if out[i].New, err = decodeValue(c.New); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// decodeValue turns the lists that encoding/json makes into lists of strings.
func decodeValue(v any) (any, error) {
	switch v := v.(type) {
	case nil, string:
		return v, nil
	case []any:
		texts := make([]string, len(v))
		for i, e := range v {
			text, ok := e.(string)
			if !ok {
				return nil, fmt.Errorf("entry %d is not a string", i)
			}
			texts[i] = text
		}
		return texts, nil
	}
	return nil, fmt.Errorf("a change to a %T", v)
}
