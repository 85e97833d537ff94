package conform

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// transportHeaders are headers of HTTP itself, which are not documented.
var transportHeaders = []string{"Connection", "Content-Length", "Content-Type", "Date"}

// checkResponse checks the status, headers and body of a response.
func (l *Listener) checkResponse(x Exchange, route *routers.Route) error {
	response := route.Operation.Responses.Status(x.Response.StatusCode)
	if response == nil {
		return fmt.Errorf("the status is not documented; the body is %.200q", x.Received)
	}
	head := x.Request.Method == http.MethodHead
	if err := checkForm(x, response.Value, head); err != nil {
		return err
	}
	if err := l.checkContent(x, route, response.Value, head); err != nil {
		return err
	}
	codes := Codes(response.Value)
	if len(codes) == 0 || head {
		return nil // there is no envelope
	}
	if err := checkCode(x.Received, codes); err != nil {
		return err
	}
	return checkOrder(x.Received, l.orders)
}

// checkContent checks the headers and the body.
func (l *Listener) checkContent(x Exchange, route *routers.Route, response *openapi3.Response, head bool) error {
	if json := response.Content["application/json"]; json != nil {
		if err := l.checkHeaders(x.Response.Header, response.Headers); err != nil || head {
			return err
		}
		if err := l.schemas.validate(json.Schema, x.Received); err != nil {
			return fmt.Errorf("the body %.200q: %w", x.Received, err)
		}
		return nil
	}
	page := page{response, x.Response.Header.Get("Content-Type"), sha256.Sum256(x.Received)}
	_, known := l.pages.Load(page)
	get := x.Request.Clone(x.Request.Context())
	get.Method = http.MethodGet // kin-openapi does not check the response to a HEAD
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: get, Route: route},
		Status:                 x.Response.StatusCode,
		Header:                 x.Response.Header,
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: head || known, SchemaValidationOptions: formats},
	}
	err := openapi3filter.ValidateResponse(x.Request.Context(), input.SetBodyBytes(x.Received))
	if err == nil && !head {
		l.pages.Store(page, true)
	}
	return err
}

// page is a body that is not JSON. Parsing the service's document in YAML takes longer
// than most tests, so a body is parsed once.
type page struct {
	response    *openapi3.Response
	contentType string
	sum         [sha256.Size]byte
}

func (l *Listener) checkHeaders(header http.Header, documented openapi3.Headers) error {
	for _, name := range slices.Sorted(maps.Keys(documented)) {
		values := header.Values(name)
		if len(values) == 0 {
			if documented[name].Value.Required {
				return fmt.Errorf("the header %s is missing", name)
			}
			continue
		}
		if err := l.schemas.validateHeader(documented[name].Value.Schema, values[0]); err != nil {
			return fmt.Errorf("the header %s is %q: %w", name, values[0], err)
		}
	}
	return nil
}

// checkForm checks what kin-openapi does not: that every header and the body are
// documented, and the charset of JSON.
func checkForm(x Exchange, response *openapi3.Response, head bool) error {
	for _, name := range slices.Sorted(maps.Keys(x.Response.Header)) {
		if !slices.Contains(transportHeaders, name) && !documents(response, name) && response.Content.Get("text/plain") == nil {
			return fmt.Errorf("the header %s is not documented", name)
		}
	}
	if len(x.Received) > 0 && (head || response.Content == nil) {
		return fmt.Errorf("a body is not documented, but it is %.200q", x.Received)
	}
	mediaType := x.Response.Header.Get("Content-Type")
	if response.Content.Get("application/json") != nil && mediaType != "application/json; charset=utf-8" {
		return fmt.Errorf("Content-Type is %q", mediaType)
	}
	return nil
}

func documents(response *openapi3.Response, header string) bool {
	for name := range response.Headers {
		if http.CanonicalHeaderKey(name) == header {
			return true
		}
	}
	return false
}
