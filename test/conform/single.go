package conform

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// lists are the headers that may come on several lines, which are one list
// (RFC 9110 section 5.2), and the one of which another value is made then.
var lists = []string{"Accept-Language", "If-Match", "X-Forwarded-For", "X-Request-Id"}

// single lists the headers that the operation reads and that must not be sent
// twice, which no schema can say.
func single(route *routers.Route) []string {
	var names []string
	for _, p := range slices.Concat(route.PathItem.Parameters, route.Operation.Parameters) {
		if p.Value.In == openapi3.ParameterInHeader && !slices.Contains(lists, p.Value.Name) {
			names = append(names, p.Value.Name)
		}
	}
	required := route.Operation.Security
	if required == nil {
		required = &route.Spec.Security
	}
	for _, requirement := range *required {
		for scheme := range requirement {
			names = append(names, credentials(route.Spec.Components.SecuritySchemes[scheme].Value))
		}
	}
	return names
}

// credentials names the header that credentials of that scheme are sent in.
func credentials(scheme *openapi3.SecurityScheme) string {
	if scheme.Type == "apiKey" {
		return scheme.Name
	}
	return "Authorization"
}
