package deploy

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"testing"

	"github.com/traefik/genconf/dynamic"
	"gopkg.in/yaml.v3"
)

// Traefik cannot be run here: this reads the file strictly into the types of its
// dynamic configuration, and follows the names in it.
func TestTraefik_ChecksEveryRoute(t *testing.T) {
	content, err := os.ReadFile("../../deploy/traefik/apikeys.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := yaml.Unmarshal(content, &value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var configuration dynamic.Configuration
	decoder := json.NewDecoder(bytes.NewReader(text)) // the types have tags for JSON
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&configuration); err != nil {
		t.Fatal(err)
	}
	scopes := map[string][]string{}
	for name, router := range configuration.HTTP.Routers {
		if configuration.HTTP.Services[router.Service] == nil {
			t.Errorf("%s: there is no service %s", name, router.Service)
		}
		first, last := router.Middlewares[0], router.Middlewares[len(router.Middlewares)-1]
		if first != "without-identity" || last != "without-key" {
			t.Errorf("%s: middlewares = %v, want the first to remove identity headers and the last the key", name, router.Middlewares)
		}
		for _, middleware := range router.Middlewares {
			m := configuration.HTTP.Middlewares[middleware]
			if m == nil {
				t.Fatalf("%s: there is no middleware %s", name, middleware)
			}
			if m.ForwardAuth == nil {
				continue
			}
			address, err := url.Parse(m.ForwardAuth.Address)
			if err != nil || address.Path != "/internal/v1/authorize" || m.ForwardAuth.TrustForwardHeader {
				t.Errorf("%s: %+v", middleware, m.ForwardAuth)
			}
			if !slices.Equal(m.ForwardAuth.AuthResponseHeaders, identity) {
				t.Errorf("%s: authResponseHeaders = %v", middleware, m.ForwardAuth.AuthResponseHeaders)
			}
			scopes[name] = address.Query()["scope"]
		}
	}
	if !slices.Equal(scopes["payments"], []string{"payment:read"}) || !slices.Equal(scopes["refunds"], []string{"payment:read", "payment:write"}) || len(scopes) != 2 {
		t.Errorf("scopes = %v", scopes)
	}
	removed := func(middleware string, names ...string) {
		for _, name := range names {
			if value, ok := configuration.HTTP.Middlewares[middleware].Headers.CustomRequestHeaders[name]; !ok || value != "" {
				t.Errorf("%s does not remove %s", middleware, name)
			}
		}
	}
	removed("without-identity", identity...)
	removed("without-key", "X-Api-Key", "Authorization", "X-Internal-Token")
}

var identity = []string{"X-Api-Key-Id", "X-Workspace-Id", "X-Api-Key-Mode", "X-Api-Key-Scopes"}
