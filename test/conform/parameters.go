package conform

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// checkParameters returns an error if the document does not allow the parameters of r.
func (l *Listener) checkParameters(r *http.Request, route *routers.Route, path map[string]string) error {
	for _, p := range parametersOf(route) {
		values := valuesOf(p, r, path)
		if len(values) == 0 {
			if p.Required {
				return fmt.Errorf("the parameter %s is missing", p.Name)
			}
			continue
		}
		value, err := decode(p.Schema.Value, values)
		if err == nil {
			err = l.schemas.validateValue(p.Schema, value)
		}
		if err != nil {
			return fmt.Errorf("the parameter %s is %q: %w", p.Name, values, err)
		}
	}
	return nil
}

// parametersOf returns the parameters of the operation, and those of its path that it
// does not override.
func parametersOf(route *routers.Route) []*openapi3.Parameter {
	var all []*openapi3.Parameter
	for _, p := range route.Operation.Parameters {
		all = append(all, p.Value)
	}
	for _, p := range route.PathItem.Parameters {
		if route.Operation.Parameters.GetByInAndName(p.Value.In, p.Value.Name) == nil {
			all = append(all, p.Value)
		}
	}
	return all
}

// valuesOf returns the values of the parameter, or none if r does not have it.
func valuesOf(p *openapi3.Parameter, r *http.Request, path map[string]string) []string {
	switch p.In {
	case openapi3.ParameterInHeader:
		return r.Header.Values(p.Name)
	case openapi3.ParameterInQuery:
		return r.URL.Query()[p.Name]
	case openapi3.ParameterInPath:
		if path[p.Name] != "" {
			return []string{path[p.Name]}
		}
	}
	return nil
}

// decode returns the value of a parameter. It knows the types that the document uses.
// Without explode, which it does not know either, an array would be one value.
func decode(schema *openapi3.Schema, values []string) (any, error) {
	switch {
	case schema.Type.Is(openapi3.TypeString):
		return values[0], nil
	case schema.Type.Is(openapi3.TypeInteger):
		return strconv.ParseInt(values[0], 10, 64)
	case schema.Type.Is(openapi3.TypeArray) && schema.Items.Value.Type.Is(openapi3.TypeString):
		if slices.Equal(values, []string{""}) {
			return nil, errors.New("it has no value")
		}
		var items []any
		for _, value := range values {
			items = append(items, value)
		}
		return items, nil
	}
	return nil, fmt.Errorf("package conform cannot decode its type %v", schema.Type)
}
