package conform

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Extensions of the document for properties of a path that OpenAPI 3.1 cannot
// express.
const (
	anyMethod  = "x-any-method"   // methods that are not listed are handled like GET
	restOfPath = "x-rest-of-path" // the last parameter takes all remaining segments
)

// Document is the OpenAPI document of the service.
type Document struct {
	spec    *openapi3.T
	orders  []order
	schemas *schemas
}

// Load parses a document in JSON, and returns an error if it is invalid. It does not
// check the examples, which takes a second with the race detector; the tests of httpapi do.
func Load(ctx context.Context, text []byte) (*Document, error) {
	spec, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	orders, err := ordersIn(text)
	if err != nil {
		return nil, err
	}
	schemas, err := newSchemas(spec)
	if err != nil {
		return nil, err
	}
	return &Document{spec, orders, schemas}, spec.Validate(ctx, openapi3.DisableExamplesValidation())
}

// Read returns the document of this module, which it loads once. It must be called in
// a folder below test.
func Read() (*Document, error) { return read() }

var read = sync.OnceValues(func() (*Document, error) {
	text, err := os.ReadFile("../../adapters/httpapi/openapi/openapi.json")
	if err != nil {
		return nil, err
	}
	return Load(context.Background(), text)
})

// Spec returns the document as parsed by kin-openapi. It must not be modified.
func (d *Document) Spec() *openapi3.T { return d.spec }

// Listener is the part of the document for one listener of the service. It is safe
// for concurrent use.
type Listener struct {
	spec    *openapi3.T
	orders  []order
	schemas *schemas
	router  routers.Router
	pages   sync.Map // set of page: those that were checked
}

// At returns the part of the document for the given server URL.
func (d *Document) At(server string) (*Listener, error) {
	spec := *d.spec
	spec.Servers, spec.Paths = nil, openapi3.NewPaths()
	for path, item := range d.spec.Paths.Map() {
		if !served(item, d.spec.Servers, server) {
			continue
		}
		here := *item
		here.Servers = nil
		if item.Extensions[restOfPath] == true {
			path = strings.TrimSuffix(path, "}") + ":.+}" // the router's syntax
		}
		spec.Paths.Set(path, &here)
	}
	if spec.Paths.Len() == 0 {
		return nil, fmt.Errorf("the document has no path for the server %s", server)
	}
	router, err := gorillamux.NewRouter(&spec)
	return &Listener{spec: &spec, orders: d.orders, schemas: d.schemas, router: router}, err
}

func served(item *openapi3.PathItem, common openapi3.Servers, server string) bool {
	servers := item.Servers
	if servers == nil {
		servers = common
	}
	return slices.ContainsFunc(servers, func(s *openapi3.Server) bool { return s.URL == server })
}
