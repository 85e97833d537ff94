package conform

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// Codes returns the codes that the body of a response may have, or none if it has
// no envelope.
func Codes(response *openapi3.Response) []string {
	media := response.Content["application/json"]
	if media == nil {
		return nil
	}
	var codes []string
	for _, schema := range append(openapi3.SchemaRefs{media.Schema}, media.Schema.Value.AllOf...) {
		code := schema.Value.Properties["code"]
		if code == nil {
			continue
		}
		for _, value := range append(slices.Clone(code.Value.Enum), code.Value.Const) {
			if value, ok := value.(string); ok {
				codes = append(codes, value)
			}
		}
	}
	return codes
}
