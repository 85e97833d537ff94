package httpapi

import (
	"encoding/json"
	"regexp"
	"testing"
)

// portable are patterns that each language reads alike: those of JSON Schema
// are ECMAScript's, of which many tools know neither \p nor \x.
var portable = regexp.MustCompile(`^([^\\]|\\u[0-9A-F]{4}|\\[\[\]])+$`)

func TestDocument_HasOnlyPortablePatterns(t *testing.T) {
	t.Parallel()
	var document any
	if err := json.Unmarshal(documentJSON, &document); err != nil {
		t.Fatal(err)
	}
	patterns := 0
	eachPattern(document, func(pattern string) {
		patterns++
		if !portable.MatchString(pattern) {
			t.Errorf("not every tool reads %s", pattern)
		}
	})
	if patterns == 0 {
		t.Error("there is no pattern at all")
	}
}

func eachPattern(node any, f func(string)) {
	switch node := node.(type) {
	case map[string]any:
		if pattern, ok := node["pattern"].(string); ok {
			f(pattern)
		}
		for _, value := range node {
			eachPattern(value, f)
		}
	case []any:
		for _, value := range node {
			eachPattern(value, f)
		}
	}
}
