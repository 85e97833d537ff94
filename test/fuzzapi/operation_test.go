package fuzzapi

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/slaunchx/apikeys/test/conform"
)

// The URLs of the listeners in the document.
const (
	publicServer   = "http://localhost:8080"
	internalServer = "http://127.0.0.1:8081"
)

// operation is one operation of the document, on one listener.
type operation struct {
	*openapi3.Operation
	method, path string // the path has its parameters in braces
	parameters   openapi3.Parameters
	base         string // http://host:port
	internal     bool
}

// operationsOf returns the operations in a fixed order, with the address of the listener
// of each.
func operationsOf(document *conform.Document, hosts map[string]string) []operation {
	spec := document.Spec()
	var all []operation
	for path, item := range spec.Paths.Map() {
		servers := item.Servers
		if servers == nil {
			servers = spec.Servers
		}
		for _, server := range servers {
			for method, o := range item.Operations() {
				all = append(all, operation{
					Operation:  o,
					method:     method,
					path:       path,
					parameters: append(slices.Clone(item.Parameters), o.Parameters...),
					base:       "http://" + hosts[server.URL],
					internal:   server.URL == internalServer,
				})
			}
		}
	}
	slices.SortFunc(all, func(a, b operation) int {
		return cmp.Or(strings.Compare(a.OperationID, b.OperationID), strings.Compare(a.base, b.base))
	})
	return all
}

// GoString keeps the reports of rapid short.
func (o operation) GoString() string { return o.OperationID }

func (o operation) managed() bool { return strings.HasPrefix(o.path, "/web/v1/workspaces/") }

// onWebhooks reports whether the operation manages webhooks.
func (o operation) onWebhooks() bool { return strings.Contains(o.path, "/webhooks") }

// signed reports whether the body must be signed by GitHub.
func (o operation) signed() bool { return o.OperationID == "reportLeaksFromGitHub" }

func (o operation) authorize() bool { return strings.HasPrefix(o.path, "/internal/v1/authorize") }

// example returns the parameter's example. The document has one for each required
// parameter.
func example(p *openapi3.Parameter) any {
	if p.Example != nil {
		return p.Example
	}
	for _, name := range slices.Sorted(maps.Keys(p.Examples)) {
		return p.Examples[name].Value.Value
	}
	return nil
}

// bodySchema returns the schema of the JSON body, or nil if there is none.
func (o operation) bodySchema() *openapi3.Schema {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Value.Content.Get("application/json").Schema.Value
}
