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

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// formats accepts RFC 3339 times with t and z in lower case, which kin-openapi
// rejects.
var formats = []openapi3.SchemaValidationOption{
	openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(checkDateTime)),
}

// expressible lists the reasons of faults that the document's schemas must cover.
// The others depend on the time, on other parts of the request, or on rules that a
// schema cannot express.
var expressible = []string{"required", "type", "length"}

// checkRequest checks that the document and the service agree on whether the
// request is valid.
func (l *Listener) checkRequest(x Exchange, route *routers.Route, params map[string]string) error {
	invalid := l.validate(x, route, params)
	if x.Response.StatusCode < http.StatusMultipleChoices && invalid != nil {
		return fmt.Errorf("the service accepts a request that the document rejects: %w", invalid)
	}
	if reasons := reasonsOf(x, route.Operation.Parameters); reasons != nil && invalid == nil {
		if !slices.ContainsFunc(reasons, func(r string) bool { return !slices.Contains(expressible, r) }) {
			return fmt.Errorf("the document accepts a request that the service rejects for %v", reasons)
		}
	}
	return nil
}

// validate returns an error if the document does not allow the request.
func (l *Listener) validate(x Exchange, route *routers.Route, params map[string]string) error {
	for _, name := range single(route) {
		if len(x.Request.Header.Values(name)) > 1 {
			return fmt.Errorf("%s was sent more than once", name)
		}
	}
	request, body := replayed(x, route.Operation.RequestBody), route.Operation.RequestBody
	err := openapi3filter.ValidateRequest(x.Request.Context(), &openapi3filter.RequestValidationInput{
		Request: request,
		Route:   withoutParameters(route), // kin-openapi would compile the schema of each again
		Options: &openapi3filter.Options{
			AuthenticationFunc: presented,
			ExcludeRequestBody: true,
		},
	})
	if err != nil {
		return err
	}
	if err := l.checkParameters(request, route, decoded(params)); err != nil || body == nil {
		return err
	}
	return l.validateBody(x.Sent, request.Header.Get("Content-Type"), body.Value)
}

func withoutParameters(route *routers.Route) *routers.Route {
	bare, item, operation := *route, *route.PathItem, *route.Operation
	item.Parameters, operation.Parameters = nil, nil
	bare.PathItem, bare.Operation = &item, &operation
	return &bare
}

// validateBody returns an error if the document, whose bodies are JSON, does not allow
// the body of a request.
func (l *Listener) validateBody(sent []byte, contentType string, documented *openapi3.RequestBody) error {
	if len(sent) == 0 {
		if documented.Required {
			return errors.New("the body is missing")
		}
		return nil
	}
	media := documented.Content.Get(contentType)
	if media == nil {
		return fmt.Errorf("the body has the undocumented type %q", contentType)
	}
	return l.schemas.validate(media.Schema, sent)
}

// replayed returns the request as it arrived, with its body unread and header
// values trimmed as in HTTP. If the document allows a body of any type, the body is
// read as JSON.
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

// reasonsOf returns the reasons in a response. A parameter that is required only with
// another one is "dependent": no schema can express that.
func reasonsOf(x Exchange, parameters openapi3.Parameters) []string {
	var body struct {
		Errors []struct{ Field, Reason string }
	}
	if json.Unmarshal(x.Received, &body) != nil {
		return nil
	}
	var reasons []string
	for _, e := range body.Errors {
		if p := parameters.GetByInAndName(openapi3.ParameterInQuery, e.Field); p != nil && !p.Required && e.Reason == "required" {
			e.Reason = "dependent"
		}
		reasons = append(reasons, e.Reason)
	}
	return reasons
}

// presented returns an error unless the request has credentials of the scheme. Only
// the service can validate them.
func presented(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	header := input.RequestValidationInput.Request.Header
	if input.SecurityScheme.Type == "apiKey" {
		if header.Get(input.SecurityScheme.Name) == "" {
			return input.NewError(errors.New("no credentials"))
		}
		return nil
	}
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, input.SecurityScheme.Scheme) || token == "" {
		return input.NewError(errors.New("no credentials"))
	}
	return nil
}
