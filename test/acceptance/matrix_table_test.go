package acceptance

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// situation is one value of each column of the table.
type situation struct{ operation, role, portal, mode, where, key string }

func (s situation) columns() []string {
	return []string{s.operation, s.role, s.portal, s.mode, s.where, s.key}
}

func (s situation) String() string { return strings.Join(s.columns(), " ") }

// outcome is a line of the table: the response in all matching situations.
type outcome struct {
	columns []string // lists of values; * matches everything
	answer  string   // status and code
	line    int
}

func (o outcome) fits(s situation) bool {
	for i, value := range s.columns() {
		if o.columns[i] != "*" && !slices.Contains(strings.Split(o.columns[i], ","), value) {
			return false
		}
	}
	return true
}

// outcomes reads the table.
func outcomes(t *testing.T) []outcome {
	t.Helper()
	text, err := os.ReadFile("testdata/authorization.txt")
	if err != nil {
		t.Fatal(err)
	}
	var table []outcome
	for i, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") || fields[0] == "operation" {
			continue
		}
		if len(fields) != 8 {
			t.Fatalf("line %d of the table has %d columns", i+1, len(fields))
		}
		table = append(table, outcome{columns: fields[:6], answer: fields[6] + " " + fields[7], line: i + 1})
	}
	return table
}

// decide returns the line of the table that applies; every situation has one.
func decide(t *testing.T, table []outcome, s situation) outcome {
	t.Helper()
	at := slices.IndexFunc(table, func(o outcome) bool { return o.fits(s) })
	if at < 0 {
		t.Fatalf("the table has no answer to %s", s)
	}
	return table[at]
}

func TestAuthorizationTable_EveryLineDecides(t *testing.T) {
	t.Parallel()
	table := outcomes(t)
	decided := map[int]bool{}
	for _, s := range situations() {
		decided[decide(t, table, s).line] = true
	}
	for _, o := range table {
		if !decided[o.line] {
			t.Errorf("line %d of the table decides nothing: lines before it take all", o.line)
		}
	}
}

func TestAuthorizationTable_NamesOnlyWhatThereIs(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"*": true}
	for _, s := range situations() {
		for _, value := range s.columns() {
			known[value] = true
		}
	}
	for _, o := range outcomes(t) {
		for _, column := range o.columns {
			for _, value := range strings.Split(column, ",") {
				if !known[value] {
					t.Errorf("line %d of the table names %s, which no situation has", o.line, value)
				}
			}
		}
	}
}

func TestAuthorizationTable_HasEveryManagementOperationOfTheDocument(t *testing.T) {
	t.Parallel()
	contract, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	documented := operationsBelow(contract, "/web/v1/workspaces/{workspaceId}/api-keys")
	if diff := cmp.Diff(sortedCopy(documented), slices.Sorted(maps.Keys(asks))); diff != "" {
		t.Errorf("what is asked for (-document +here):\n%s", diff)
	}
	for _, id := range documented {
		if !slices.ContainsFunc(outcomes(t), func(o outcome) bool { return o.columns[0] == id }) {
			t.Errorf("the table has no line for %s", id)
		}
	}
}

// operationsBelow returns the operations of the document whose path begins with prefix.
func operationsBelow(c contract, prefix string) (operations []string) {
	for path, item := range c.document.Spec().Paths.Map() {
		for _, operation := range item.Operations() {
			if strings.HasPrefix(path, prefix) {
				operations = append(operations, operation.OperationID)
			}
		}
	}
	return sortedCopy(operations)
}
