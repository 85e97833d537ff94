package domain_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestParseWorkspaceID(t *testing.T) {
	t.Parallel()
	length := rejected(domain.ReasonLength, domain.RuleWorkspaceLength)
	characters := rejected(domain.ReasonCharacters, domain.RuleWorkspaceCharacters)
	for name, tc := range map[string]struct {
		in   string
		want domain.Faults
	}{
		"one character":           {"a", nil},
		"every allowed character": {"ABCXYZabcxyz0123456789_-", nil},
		"64 characters":           {strings.Repeat("a", 64), nil},
		"65 characters":           {strings.Repeat("a", 65), length},
		"empty":                   {"", length},
		"white space":             {"ws 1", characters},
		"a line end":              {"ws\n", characters},
		"a slash":                 {"a/b", characters},
		"dots of a path":          {"..", characters},
		"a percent escape":        {"a%2Fb", characters},
		"NUL":                     {"a\x00", characters},
		"a quote":                 {"a'", characters},
		"a letter outside ASCII":  {"wé", characters},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := domain.ParseWorkspaceID(tc.in)
			wantFaults(t, faults, tc.want)
			if want := domain.WorkspaceID(tc.in); tc.want == nil && got != want || tc.want != nil && got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

var workspaceGrammar = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,64}\z`)

// FuzzParseWorkspaceID checks that ParseWorkspaceID accepts exactly the documented
// grammar and returns its input unchanged.
func FuzzParseWorkspaceID(f *testing.F) {
	f.Add("ws_1-A")
	f.Add("../x")
	f.Add(strings.Repeat("a", 65))
	f.Fuzz(func(t *testing.T, s string) {
		id, faults := domain.ParseWorkspaceID(s)
		want := workspaceGrammar.MatchString(s)
		if (faults == nil) != want || want && string(id) != s || !want && id != "" {
			t.Fatalf("%q became %q, %v", s, id, faults)
		}
	})
}
