package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/i18n"
)

func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(documentJSON)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestDocument_IsValid(t *testing.T) {
	t.Parallel()
	if err := loadDocument(t).Validate(t.Context(), openapi3.EnableSchemaPatternValidation(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

func TestDocument_HasTheCurrentVersion(t *testing.T) {
	t.Parallel()
	if got := loadDocument(t).Info.Version; got != Version {
		t.Errorf("the document is of version %s, the answers of %s", got, Version)
	}
}

// A listener's address in the document.
const (
	publicServer   = "http://localhost:8080"
	internalServer = "http://127.0.0.1:8081"
)

func TestDocument_HasExactlyTheRoutesOfEachListener(t *testing.T) {
	t.Parallel()
	document := loadDocument(t)
	messages, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	api := New(Options{Messages: messages, Profiles: true, Metrics: http.NotFoundHandler(), GitHubReports: anySignature{}})
	for server, handler := range map[string]http.Handler{publicServer: api.Public(), internalServer: api.Internal()} {
		got, want := documentedRoutes(document, server), registeredRoutes(handler.(*echo.Echo))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-served +documented):\n%s", server, diff)
		}
	}
}

// anySignature verifies every report.
type anySignature struct{}

func (anySignature) Verify(context.Context, string, string, []byte) error { return nil }

// documentedRoutes lists the operations at server as method and path. A path that
// accepts any method is listed once, with *.
func documentedRoutes(document *openapi3.T, server string) []string {
	var routes []string
	for path, item := range document.Paths.Map() {
		if !servedAt(document, item, server) {
			continue
		}
		if item.Extensions["x-any-method"] == true {
			routes = append(routes, "* "+path)
			continue
		}
		for method := range item.Operations() {
			routes = append(routes, method+" "+path)
		}
	}
	slices.Sort(routes)
	return routes
}

func servedAt(document *openapi3.T, item *openapi3.PathItem, server string) bool {
	servers := item.Servers
	if servers == nil {
		servers = document.Servers
	}
	return slices.ContainsFunc(servers, func(s *openapi3.Server) bool { return s.URL == server })
}

// registeredRoutes lists the routes of e in the notation of the document.
func registeredRoutes(e *echo.Echo) []string {
	var routes []string
	for _, r := range e.Routes() {
		segments := strings.Split(strings.Replace(r.Path, "*", ":scopes", 1), "/")
		for i, s := range segments {
			if name, ok := strings.CutPrefix(s, ":"); ok {
				segments[i] = "{" + name + "}"
			}
		}
		routes = append(routes, strings.Replace(r.Method, echo.RouteNotFound, "*", 1)+" "+strings.Join(segments, "/"))
	}
	slices.Sort(routes)
	return routes
}
