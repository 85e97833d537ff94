package arch_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// assembling lists the folders that use stores and other parts by their ports. There, a
// field or an option must say what a part can do: an ability that is found by a type
// assertion is lost behind a decorator.
var assembling = []string{".", "application", "ports", "adapters/keycache", "adapters/telemetry"}

// asserted lists the interfaces that may be asserted nevertheless.
var asserted = []string{
	"prometheus.ExemplarObserver", // of a histogram made by the line above
}

func TestAbilities_AreStatedAndNotDiscovered(t *testing.T) {
	t.Parallel()
	for _, folder := range assembling {
		files, err := filepath.Glob(filepath.Join(moduleRoot(t), folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, violation := range discoveries(t, file, nil) {
				t.Error(violation)
			}
		}
	}
}

func TestDiscoveries(t *testing.T) {
	t.Parallel()
	for assertion, violations := range map[string]int{
		"v.(*T)":               0,
		"v.(ports.Feed)":       1,
		"v.(interface{ M() })": 1,
		"v.(T)":                1,
	} {
		if got := discoveries(t, "a.go", "package a\nvar _, _ = "+assertion); len(got) != violations {
			t.Errorf("%s: got %v, want %d violations", assertion, got, violations)
		}
	}
	if got := discoveries(t, "a.go", "package a\nfunc f(v any) { switch v.(type) { case T: } }"); len(got) != 1 {
		t.Errorf("a type switch: got %v, want a violation", got)
	}
}

// discoveries returns the type switches of a file, and its type assertions to
// something other than a pointer, which may be an interface.
func discoveries(t *testing.T, file string, source any) (violations []string) {
	t.Helper()
	positions := token.NewFileSet()
	tree, err := parser.ParseFile(positions, file, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(node ast.Node) bool {
		assertion, ok := node.(*ast.TypeAssertExpr)
		if !ok {
			return true
		}
		if _, pointer := assertion.Type.(*ast.StarExpr); pointer {
			return true
		}
		if selector, ok := assertion.Type.(*ast.SelectorExpr); ok && slices.Contains(asserted, fmt.Sprintf("%s.%s", selector.X, selector.Sel)) {
			return true
		}
		violations = append(violations, fmt.Sprintf("%s: a type assertion discovers an ability, which a field or an option must state", positions.Position(assertion.Pos())))
		return true
	})
	return violations
}
