package httpapi

import (
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/conform"
)

// eachMedia calls f with every body of the document, and where it is in the document.
func eachMedia(document *openapi3.T, f func(where string, media *openapi3.MediaType)) {
	of := func(where string, content openapi3.Content) {
		for kind, media := range content {
			f(where+" "+kind, media)
		}
	}
	for name, response := range document.Components.Responses {
		of(name, response.Value.Content)
	}
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.RequestBody != nil {
				of(operation.OperationID, operation.RequestBody.Value.Content)
			}
			for status, response := range operation.Responses.Map() {
				of(operation.OperationID+" "+status, response.Value.Content)
			}
		}
	}
}

func TestDocument_ExamplesMatchTheirSchema(t *testing.T) {
	t.Parallel()
	examples := 0
	eachMedia(loadDocument(t), func(where string, media *openapi3.MediaType) {
		for name, example := range media.Examples {
			examples++
			if err := media.Schema.Value.VisitJSON(example.Value.Value, openapi3.EnableJSONSchema2020()); err != nil {
				t.Errorf("%s, example %s: %v", where, name, err)
			}
		}
	})
	if examples == 0 {
		t.Error("there is no example at all")
	}
}

// isEnvelope reports whether a body is a success, which has one schema for each
// kind of data, or an error.
func isEnvelope(media *openapi3.MediaType) bool {
	return media.Schema.Value.AllOf != nil || media.Schema.Value.Properties["code"] != nil
}

func TestDocument_EveryErrorListsItsCodes(t *testing.T) {
	t.Parallel()
	for name, response := range loadDocument(t).Components.Responses {
		if media := response.Value.Content["application/json"]; media != nil && len(conform.Codes(response.Value)) == 0 {
			t.Errorf("%s lists no codes", name)
		}
	}
}

func TestDocument_EveryJSONBodyHasAnExample(t *testing.T) {
	t.Parallel()
	eachMedia(loadDocument(t), func(where string, media *openapi3.MediaType) {
		if isEnvelope(media) && media.Examples == nil {
			t.Errorf("%s has none", where)
		}
	})
}

// An example is in the language that it is named after, otherwise in English.
func TestDocument_ExamplesSayWhatTheServiceSays(t *testing.T) {
	t.Parallel()
	messages, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	eachMedia(loadDocument(t), func(where string, media *openapi3.MediaType) {
		for name, example := range media.Examples {
			body, _ := example.Value.Value.(map[string]any)
			code, ok := body["code"].(string)
			if !ok {
				continue
			}
			language := i18n.English
			if slices.Contains(i18n.Languages(), name) {
				language = name
			}
			if want := messages.Message(language, code, nil); body["message"] != want {
				t.Errorf("%s, example %s: message = %q, want %q", where, name, body["message"], want)
			}
			faults, _ := body["errors"].([]any)
			for _, fault := range faults {
				if !said(messages, language, fault.(map[string]any)) {
					t.Errorf("%s, example %s: the service never says %v", where, name, fault)
				}
			}
		}
	})
}

// said reports whether the message of a fault is that of some rule.
func said(messages *i18n.Catalog, language string, fault map[string]any) bool {
	args := map[string]string{"Field": fault["field"].(string), "Canonical": "192.168.1.0/24"}
	ours := []domain.Rule{form.RuleTypeString, form.RuleUnknownField, form.RuleHeaderRequired, RuleWorkspaceMismatch, form.RuleBodySyntax}
	return slices.ContainsFunc(append(ours, domain.Rules()...), func(rule domain.Rule) bool {
		return messages.Message(language, string(rule), args) == fault["message"]
	})
}

func TestDocument_SchemaExamplesMatchTheirSchema(t *testing.T) {
	t.Parallel()
	examples := 0
	judge := func(where string, schema *openapi3.Schema) {
		for _, example := range schema.Examples {
			examples++
			if err := schema.VisitJSON(example, openapi3.EnableJSONSchema2020()); err != nil {
				t.Errorf("%s, example %v: %v", where, example, err)
			}
		}
	}
	for name, schema := range loadDocument(t).Components.Schemas {
		judge(name, schema.Value)
		for member, property := range schema.Value.Properties {
			judge(name+"."+member, property.Value)
		}
	}
	if examples == 0 {
		t.Error("there is no example at all")
	}
}
