package httpapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/test/conform"
)

func TestDocument_HasExactlyTheCodesWithTheirStatus(t *testing.T) {
	t.Parallel()
	var want []string
	for _, o := range append([]answer.Outcome{answer.Validation, answer.Internal}, outcomes...) {
		want = append(want, strconv.Itoa(o.Status)+" "+o.Code)
	}
	got := documentedErrors(loadDocument(t))
	// With refuse=403.
	want = append(want, "403 4291", "403 4292")
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
		t.Errorf("(-answered +documented):\n%s", diff)
	}
}

// documentedErrors lists the errors of all operations, and those that belong
// to none, as status and code.
func documentedErrors(document *openapi3.T) []string {
	errors := codesOf("405", document.Components.Responses["MethodNotAllowed"])
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				errors = append(errors, codesOf(status, response)...)
			}
		}
	}
	return errors
}

func codesOf(status string, response *openapi3.ResponseRef) []string {
	var codes []string
	for _, code := range conform.Codes(response.Value) {
		if code != codeSuccess {
			codes = append(codes, status+" "+code)
		}
	}
	return codes
}

func TestDocument_HasExactlyTheReasons(t *testing.T) {
	t.Parallel()
	var got []string
	for _, reason := range loadDocument(t).Components.Schemas["Reason"].Value.Enum {
		got = append(got, reason.(string))
	}
	if diff := cmp.Diff(domainReasons(t), got); diff != "" {
		t.Errorf("(-answered +documented):\n%s", diff)
	}
}

// domainReasons lists the constants of type domain.Reason in their order.
func domainReasons(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../domain/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Reason" {
			reason, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			reasons = append(reasons, reason)
		}
		return false
	})
	return reasons
}
