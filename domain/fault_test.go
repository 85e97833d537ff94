package domain_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slaunchx/apikeys/domain"
)

func TestFaults_EmptyIsNoError(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]domain.Faults{"nil": nil, "empty": {}} {
		if err := faults.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, faults := domain.ParseMode(3)
	if got, ok := errors.AsType[domain.Faults](faults.At("mode").Err()); !ok || len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestFaults_PrintFieldAndReasonButNoValue(t *testing.T) {
	t.Parallel()
	_, scope := domain.ParseScope("MY-VALUE")
	_, mode := domain.ParseMode(3)
	faults := append(scope.At("scopes[2]"), mode.At("mode")...)
	const want = `validation failed: "scopes[2]" format, "mode" range`
	if got := faults.Err().Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFaultsAt_PrefixesThePath(t *testing.T) {
	t.Parallel()
	_, faults := domain.ParseScope("")
	if got := faults.At("[2]").At("scopes")[0].Field; got != "scopes[2]" {
		t.Errorf("got %q", got)
	}
}

func TestRules_ReturnsEveryRuleOnce(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []domain.Rule
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Rule") {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Error(err)
		}
		declared = append(declared, domain.Rule(text))
		return true
	})
	less := cmpopts.SortSlices(func(a, b domain.Rule) bool { return a < b })
	if diff := cmp.Diff(declared, domain.Rules(), less); diff != "" {
		t.Errorf("(-declared +listed):\n%s", diff)
	}
}
