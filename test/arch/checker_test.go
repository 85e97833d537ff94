package arch_test

import "testing"

func TestCheckLayer(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in, imported string
		violation    bool
	}{
		"domain may import the standard library":      {"domain", "net/netip", false},
		"domain may not import a library":             {"domain", "golang.org/x/text/language", true},
		"domain may not import ports":                 {"domain", module + "/ports", true},
		"ports may import domain":                     {"ports", module + "/domain", false},
		"ports may not import application":            {"ports", module + "/application", true},
		"ports may not import a library":              {"ports", "github.com/google/uuid", true},
		"suites may import libraries":                 {"ports/portstest", "github.com/google/go-cmp/cmp", false},
		"suites may not import an adapter":            {"ports/portstest", module + "/adapters/memory", true},
		"application may import ports":                {"application", module + "/ports", false},
		"application may not import an adapter":       {"application", module + "/adapters/memory", true},
		"application may not import the root":         {"application", module, true},
		"an adapter may import domain":                {"adapters/memory", module + "/domain", false},
		"an adapter may import packages below it":     {"adapters/postgres", module + "/adapters/postgres/migrations", false},
		"an adapter may not import another":           {"adapters/memory", module + "/adapters/secrets", true},
		"a store may not import a use case":           {"adapters/postgres", module + "/application", true},
		"a store may import the shared SQL code":      {"adapters/sqlite", module + "/adapters/internal/sqlkit", false},
		"a store may not import another":              {"adapters/sqlite", module + "/adapters/postgres", true},
		"another adapter may not import the SQL code": {"adapters/memory", module + "/adapters/internal/sqlkit", true},
		"httpapi may import use cases":                {"adapters/httpapi", module + "/application", false},
		"the root may import any adapter":             {".", module + "/adapters/memory", false},
		"the root may not import the command":         {".", module + "/cmd/apikeys", true},
		"the command may import the root":             {"cmd/apikeys", module, false},
		"dev mode may import the issuer of tokens":    {"cmd/apikeys/internal/dev", module + "/adapters/jwtauth", false},
		"dev mode may not import a store":             {"cmd/apikeys/internal/dev", module + "/adapters/sqlite", true},
		"the command may not import an adapter":       {"cmd/apikeys", module + "/adapters/memory", true},
		"test tooling may not import the root":        {"test/pgtest", module, true},
		"test tooling may not import other tooling":   {"test/leak", module + "/test/pgtest", true},
		"a name with the same prefix is another":      {"domain", module + "/domains", true},
		"a new folder needs a rule":                   {"helpers", "fmt", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			violations := checkLayer(layers, pkg{ImportPath: pathOf(c.in), Imports: []string{c.imported}})
			if (len(violations) != 0) != c.violation {
				t.Errorf("violations = %v", violations)
			}
		})
	}
}

func TestCheckOwners(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		p         pkg
		violation bool
	}{
		"httpapi may import echo":             {pkg{ImportPath: pathOf("adapters/httpapi"), Imports: []string{"github.com/labstack/echo/v4"}}, false},
		"the root may import echo":            {pkg{ImportPath: pathOf("."), Imports: []string{"github.com/labstack/echo/v4"}}, false},
		"packages below the root may not":     {pkg{ImportPath: pathOf("application"), Imports: []string{"github.com/labstack/echo/v4"}}, true},
		"another version is the same library": {pkg{ImportPath: pathOf("domain"), Imports: []string{"github.com/labstack/echo/v5"}}, true},
		"jwx stays in jwtauth":                {pkg{ImportPath: pathOf("adapters/httpapi"), Imports: []string{"github.com/lestrrat-go/jwx/v2/jwt"}}, true},
		"tests must follow the rule":          {pkg{ImportPath: pathOf("adapters/memory"), TestImports: []string{"github.com/lib/pq"}}, true},
		"external tests must follow it":       {pkg{ImportPath: pathOf("adapters/memory"), XTestImports: []string{"github.com/lib/pq"}}, true},
		"the tracing SDK stays apart":         {pkg{ImportPath: pathOf("adapters/httpapi"), Imports: []string{"go.opentelemetry.io/otel/sdk/trace"}}, true},
		"the tracing API is free":             {pkg{ImportPath: pathOf("adapters/httpapi"), Imports: []string{"go.opentelemetry.io/otel/trace"}}, false},
		"a library without owner is free":     {pkg{ImportPath: pathOf("adapters/memory"), Imports: []string{"golang.org/x/sync/errgroup"}}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if violations := checkOwners(owners, c.p); (len(violations) != 0) != c.violation {
				t.Errorf("violations = %v", violations)
			}
		})
	}
}

func TestCheckLinked(t *testing.T) {
	t.Parallel()
	linked := []string{"fmt", module, "pgregory.net/rapid", "go.uber.org/goleak/internal/stack", "testing/fstest"}
	if violations := checkLinked(forTests, linked); len(violations) != 3 {
		t.Errorf("violations = %v, want three", violations)
	}
	if violations := checkLinked(forTests, []string{"fmt", module}); violations != nil {
		t.Errorf("violations = %v, want none", violations)
	}
}

func pathOf(folder string) string {
	if folder == "." {
		return module
	}
	return module + "/" + folder
}
