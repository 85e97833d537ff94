package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// formats are those of RFC 3339, which allows t and z to be written in lower
// case, where kin-openapi does not.
var formats = []openapi3.SchemaValidationOption{
	openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(s string) error {
		_, err := time.Parse(time.RFC3339, strings.ToUpper(s))
		return err
	})),
}

// expressible are the reasons of faults that the document's schemas must know
// of. The others depend on the time, on what else was sent, or on what no
// schema can say.
var expressible = []string{"required", "type", "length"}

// checkRequest checks that document and service agree on the request.
func checkRequest(x Exchange, route *routers.Route, params map[string]string) error {
	invalid := validate(x, route, params)
	if x.Response.StatusCode < http.StatusMultipleChoices && invalid != nil {
		return fmt.Errorf("the document takes no such request: %w", invalid)
	}
	if reasons := reasonsOf(x); reasons != nil && invalid == nil {
		if !slices.ContainsFunc(reasons, func(r string) bool { return !slices.Contains(expressible, r) }) {
			return fmt.Errorf("the document takes the request that is refused for %v", reasons)
		}
	}
	return nil
}

// validate returns an error where the document does not take the request.
func validate(x Exchange, route *routers.Route, params map[string]string) error {
	for _, name := range single(route) {
		if len(x.Request.Header.Values(name)) > 1 {
			return fmt.Errorf("%s was sent more than once", name)
		}
	}
	return openapi3filter.ValidateRequest(x.Request.Context(), &openapi3filter.RequestValidationInput{
		Request:    replayed(x, route.Operation.RequestBody),
		PathParams: decoded(params),
		Route:      route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:      presented,
			SkipSettingDefaults:     true,
			SchemaValidationOptions: formats,
		},
	})
}

// replayed is the request as it arrived, with its body once more: HTTP trims
// the values of headers. Where the document takes a body of any type, it is
// read as JSON whatever it is called.
func replayed(x Exchange, body *openapi3.RequestBodyRef) *http.Request {
	r := x.Request.Clone(x.Request.Context())
	r.Body = io.NopCloser(bytes.NewReader(x.Sent))
	r.GetBody = nil
	for _, values := range r.Header {
		for i, value := range values {
			values[i] = strings.Trim(value, " \t")
		}
	}
	if body != nil && body.Value.Content["*/*"] != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func decoded(params map[string]string) map[string]string {
	out := make(map[string]string, len(params))
	for name, value := range params {
		out[name] = value
		if text, err := url.PathUnescape(value); err == nil {
			out[name] = text
		}
	}
	return out
}

// reasonsOf lists the reasons of an answer that has any.
func reasonsOf(x Exchange) []string {
	var body struct{ Errors []struct{ Reason string } }
	if json.Unmarshal(x.Received, &body) != nil {
		return nil
	}
	var reasons []string
	for _, e := range body.Errors {
		reasons = append(reasons, e.Reason)
	}
	return reasons
}

// presented tells whether credentials of that scheme came; only the service
// knows what they are worth.
func presented(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	header := input.RequestValidationInput.Request.Header
	if input.SecurityScheme.Type == "apiKey" {
		if header.Get(input.SecurityScheme.Name) == "" {
			return input.NewError(errors.New("there is none"))
		}
		return nil
	}
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, input.SecurityScheme.Scheme) || token == "" {
		return input.NewError(errors.New("there is none"))
	}
	return nil
}
