package conform

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// lists are the headers that may occur several times: those whose lines form one
// list (RFC 9110 section 5.2), and X-Request-Id, which the service then replaces.
var lists = []string{"Accept-Language", "If-Match", "X-Forwarded-For", "X-Request-Id"}

// single returns the headers of the operation that must not be sent twice, which a
// schema cannot express.
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

// credentials returns the name of the header with the credentials of the scheme.
func credentials(scheme *openapi3.SecurityScheme) string {
	if scheme.Type == "apiKey" {
		return scheme.Name
	}
	return "Authorization"
}
