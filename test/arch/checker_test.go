package arch_test

import "testing"

func TestCheckLayer(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in, imported string
		fault        bool
	}{
		"domain may import the standard library":         {"domain", "net/netip", false},
		"domain may not import a library":                {"domain", "golang.org/x/text/language", true},
		"domain may not import ports":                    {"domain", module + "/ports", true},
		"ports may import domain":                        {"ports", module + "/domain", false},
		"ports may not import application":               {"ports", module + "/application", true},
		"ports may not import a library":                 {"ports", "github.com/google/uuid", true},
		"suites may import libraries":                    {"ports/portstest", "github.com/google/go-cmp/cmp", false},
		"suites may not import an adapter":               {"ports/portstest", module + "/adapters/memory", true},
		"application may import ports":                   {"application", module + "/ports", false},
		"application may not import an adapter":          {"application", module + "/adapters/memory", true},
		"application may not import the root":            {"application", module, true},
		"an adapter may import domain":                   {"adapters/memory", module + "/domain", false},
		"an adapter may import what is below it":         {"adapters/postgres", module + "/adapters/postgres/migrations", false},
		"an adapter may not import another":              {"adapters/memory", module + "/adapters/secrets", true},
		"a store may not import a use case":              {"adapters/postgres", module + "/application", true},
		"a store may import what stores share":           {"adapters/sqlite", module + "/adapters/internal/sqlkit", false},
		"a store may not import another":                 {"adapters/sqlite", module + "/adapters/postgres", true},
		"another adapter may not import what they share": {"adapters/memory", module + "/adapters/internal/sqlkit", true},
		"the edge may import use cases":                  {"adapters/httpapi", module + "/application", false},
		"the root may import any adapter":                {".", module + "/adapters/memory", false},
		"the root may not import the command":            {".", module + "/cmd/apikeys", true},
		"the command may import the root":                {"cmd/apikeys", module, false},
		"the command may not import an adapter":          {"cmd/apikeys", module + "/adapters/memory", true},
		"test tooling may not import the root":           {"test/pgtest", module, true},
		"test tooling may not import other tooling":      {"test/leak", module + "/test/pgtest", true},
		"a folder is not its namesake's prefix":          {"domain", module + "/domains", true},
		"a new room needs a rule":                        {"helpers", "fmt", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := checkLayer(layers, pkg{ImportPath: pathOf(c.in), Imports: []string{c.imported}})
			if (len(faults) != 0) != c.fault {
				t.Errorf("faults = %v", faults)
			}
		})
	}
}

func TestCheckOwners(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		p     pkg
		fault bool
	}{
		"httpapi may import echo":             {pkg{ImportPath: pathOf("adapters/httpapi"), Imports: []string{"github.com/labstack/echo/v4"}}, false},
		"the root may import echo":            {pkg{ImportPath: pathOf("."), Imports: []string{"github.com/labstack/echo/v4"}}, false},
		"the root does not lend its right":    {pkg{ImportPath: pathOf("application"), Imports: []string{"github.com/labstack/echo/v4"}}, true},
		"another version is the same library": {pkg{ImportPath: pathOf("domain"), Imports: []string{"github.com/labstack/echo/v5"}}, true},
		"jwx stays in jwtauth":                {pkg{ImportPath: pathOf("adapters/httpapi"), Imports: []string{"github.com/lestrrat-go/jwx/v2/jwt"}}, true},
		"tests are held to it":                {pkg{ImportPath: pathOf("adapters/memory"), TestImports: []string{"github.com/lib/pq"}}, true},
		"tests from outside are held to it":   {pkg{ImportPath: pathOf("adapters/memory"), XTestImports: []string{"github.com/lib/pq"}}, true},
		"the SDK of traces stays apart":       {pkg{ImportPath: pathOf("adapters/httpapi"), Imports: []string{"go.opentelemetry.io/otel/sdk/trace"}}, true},
		"the API of traces is free":           {pkg{ImportPath: pathOf("adapters/httpapi"), Imports: []string{"go.opentelemetry.io/otel/trace"}}, false},
		"a library nobody owns is free":       {pkg{ImportPath: pathOf("adapters/memory"), Imports: []string{"golang.org/x/sync/errgroup"}}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if faults := checkOwners(owners, c.p); (len(faults) != 0) != c.fault {
				t.Errorf("faults = %v", faults)
			}
		})
	}
}

func TestCheckLinked(t *testing.T) {
	t.Parallel()
	linked := []string{"fmt", module, "pgregory.net/rapid", "go.uber.org/goleak/internal/stack", "testing/fstest"}
	if faults := checkLinked(forTests, linked); len(faults) != 3 {
		t.Errorf("faults = %v, want three", faults)
	}
	if faults := checkLinked(forTests, []string{"fmt", module}); faults != nil {
		t.Errorf("faults = %v, want none", faults)
	}
}

func pathOf(folder string) string {
	if folder == "." {
		return module
	}
	return module + "/" + folder
}
