package conform

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas validates JSON. kin-openapi compiles a schema again for each value, which
// took half of the time of the tests that check all responses. It is safe for
// concurrent use.
type schemas struct {
	components any

	mu       sync.Mutex
	compiled map[*openapi3.Schema]*jsonschema.Schema
}

func newSchemas(spec *openapi3.T) (*schemas, error) {
	components, err := asJSON(map[string]any{"schemas": spec.Components.Schemas})
	return &schemas{components: components, compiled: map[*openapi3.Schema]*jsonschema.Schema{}}, err
}

// validate returns an error if text is not JSON that the schema allows.
func (s *schemas) validate(schema *openapi3.SchemaRef, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.validateValue(schema, value)
}

// validateHeader returns an error if the schema does not allow the value of a header,
// which is a string or a number.
func (s *schemas) validateHeader(schema *openapi3.SchemaRef, value string) error {
	if schema.Value.Type.Is("string") {
		return s.validateValue(schema, value)
	}
	return s.validate(schema, []byte(value))
}

func (s *schemas) validateValue(schema *openapi3.SchemaRef, value any) error {
	compiled, err := s.compile(schema)
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

func (s *schemas) compile(schema *openapi3.SchemaRef) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if compiled, ok := s.compiled[schema.Value]; ok {
		return compiled, nil
	}
	content, err := asJSON(schema)
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseRegexpEngine(compilePattern)
	compiler.RegisterFormat(&jsonschema.Format{Name: "date-time", Validate: func(value any) error {
		if text, ok := value.(string); ok {
			return checkDateTime(text)
		}
		return nil
	}})
	compiler.AssertFormat()
	const location = "https://document.example/openapi.json"
	if err := compiler.AddResource(location, map[string]any{"components": s.components, "schema": content}); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(location + "#/schema")
	if err == nil {
		s.compiled[schema.Value] = compiled
	}
	return compiled, err
}

// escape matches what ECMA-262, the dialect of JSON Schema, escapes differently than Go.
var escape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)

func compilePattern(pattern string) (jsonschema.Regexp, error) {
	return regexp.Compile(escape.ReplaceAllString(pattern, `\x{$1}`))
}

// checkDateTime accepts RFC 3339 times, also with t and z in lower case.
func checkDateTime(text string) error {
	_, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	return err
}

func asJSON(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(text))
}
