package httpapi

import (
	"encoding/json"
	"regexp"
	"testing"
)

// portable matches patterns that mean the same in every language. The patterns of JSON
// Schema are those of ECMAScript, but many tools support neither its \p nor its \x.
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
