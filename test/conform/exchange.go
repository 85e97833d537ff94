package conform

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// Exchange is one request and its answer, with their bodies.
type Exchange struct {
	Request  *http.Request
	Sent     []byte
	Response *http.Response
	Received []byte
}

// secrets must not get into the output of a test, even where it fails.
var secrets = regexp.MustCompile(`(sk_(?:live|test)_[0-9A-Za-z]{16})[0-9A-Za-z]+`)

// Check returns an error where the answer is not one that the document has
// for the request, and where request and answer do not belong together: a
// success for what the document refuses, a refusal for what it takes.
func (l *Listener) Check(x Exchange) error {
	if err := l.check(x); err != nil {
		text := fmt.Sprintf("%s %s is answered %d: %v", x.Request.Method, x.Request.URL.Path, x.Response.StatusCode, err)
		return errors.New(secrets.ReplaceAllString(text, "$1…"))
	}
	return nil
}

func (l *Listener) check(x Exchange) error {
	route, params, err := l.find(x.Request)
	switch {
	case errors.Is(err, routers.ErrPathNotFound):
		return l.checkStray(x, http.StatusNotFound, "NoSuchEndpoint")
	case errors.Is(err, routers.ErrMethodNotAllowed):
		return l.checkStray(x, http.StatusMethodNotAllowed, "MethodNotAllowed")
	case err != nil:
		return err
	}
	if err := l.checkAnswer(x, route); err != nil {
		return err
	}
	return checkRequest(x, route, params)
}

// find returns the operation that r asks for, and its path parameters as they
// stand in the path.
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

// checkStray checks the answer to a request that belongs to no operation.
func (l *Listener) checkStray(x Exchange, status int, response string) error {
	responses := openapi3.NewResponses(openapi3.WithStatus(status, l.spec.Components.Responses[response]))
	return l.checkAnswer(x, &routers.Route{Spec: l.spec, Operation: &openapi3.Operation{Responses: responses}})
}
