package conform

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// Exchange is a request and its response, with their bodies.
type Exchange struct {
	Request  *http.Request
	Sent     []byte
	Response *http.Response
	Received []byte
}

// secrets matches secrets, which must not appear in the output of a failed test.
var secrets = regexp.MustCompile(`(sk_(?:live|test)_[0-9A-Za-z]{16})[0-9A-Za-z]+`)

// Check returns an error if the response is not documented for the request, or if
// document and service disagree on the request: a success for a request that the
// document rejects, or a rejection of one that it accepts.
func (l *Listener) Check(x Exchange) error {
	if err := l.check(x); err != nil {
		text := fmt.Sprintf("%s %s: response %d: %v", x.Request.Method, x.Request.URL.Path, x.Response.StatusCode, err)
		return errors.New(secrets.ReplaceAllString(text, "$1…"))
	}
	return nil
}

func (l *Listener) check(x Exchange) error {
	if x.Response.StatusCode == http.StatusRequestHeaderFieldsTooLarge {
		return l.checkStray(x, http.StatusRequestHeaderFieldsTooLarge, "HeadersTooLarge") // from net/http
	}
	route, params, err := l.find(x.Request)
	switch {
	case errors.Is(err, routers.ErrPathNotFound):
		return l.checkStray(x, http.StatusNotFound, "NoSuchEndpoint")
	case errors.Is(err, routers.ErrMethodNotAllowed):
		return l.checkStray(x, http.StatusMethodNotAllowed, "MethodNotAllowed")
	case err != nil:
		return err
	}
	if err := l.checkResponse(x, route); err != nil {
		return err
	}
	return l.checkRequest(x, route, params)
}

// find returns the operation for r, and its path parameters, still escaped.
func (l *Listener) find(r *http.Request) (*routers.Route, map[string]string, error) {
	route, params, err := l.router.FindRoute(r)
	if !errors.Is(err, routers.ErrMethodNotAllowed) {
		return route, params, err
	}
	get := r.Clone(r.Context())
	get.Method = http.MethodGet
	likeGet, params, getErr := l.router.FindRoute(get)
	if getErr != nil || likeGet.PathItem.Extensions[anyMethod] != true {
		return nil, nil, err
	}
	return likeGet, params, nil
}

// checkStray checks a response that belongs to no operation.
func (l *Listener) checkStray(x Exchange, status int, response string) error {
	responses := openapi3.NewResponses(openapi3.WithStatus(status, l.spec.Components.Responses[response]))
	return l.checkResponse(x, &routers.Route{Spec: l.spec, Operation: &openapi3.Operation{Responses: responses}})
}
