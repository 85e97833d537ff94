package domain_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

func TestParseScope(t *testing.T) {
	t.Parallel()
	format := rejected(domain.ReasonFormat, domain.RuleScopeFormat)
	length := rejected(domain.ReasonLength, domain.RuleScopeLength)
	for name, tc := range map[string]struct {
		in   string
		want domain.Faults
	}{
		"a scope":                            {"payment:read", nil},
		"every allowed character":            {"abcdefghijklmnopqrstuvwxyz0123456789_-.:_-.", nil},
		"one character each":                 {"a:b", nil},
		"128 characters":                     {strings.Repeat("a", 64) + ":" + strings.Repeat("b", 63), nil},
		"129 characters":                     {strings.Repeat("a", 64) + ":" + strings.Repeat("b", 64), length},
		"a megabyte":                         {strings.Repeat("a", 1<<20), length},
		"empty":                              {"", format},
		"no colon":                           {"payment", format},
		"only a colon":                       {":", format},
		"no resource":                        {":read", format},
		"no action":                          {"payment:", format},
		"two colons":                         {"payment:read:all", format},
		"two colons at the end":              {"payment:read:", format},
		"upper case":                         {"Payment:read", format},
		"white space around it":              {" payment:read", format},
		"a line end":                         {"payment:read\n", format},
		"NUL":                                {"payment:\x00", format},
		"a wildcard":                         {"payment:*", format},
		"a slash":                            {"payment/v1:read", format},
		"a Cyrillic lookalike":               {"pаyment:read", format},
		"a full-width colon":                 {"payment：read", format},
		"a byte that is not UTF-8":           {"payment:\xff", format},
		"a list in one string":               {"payment:read,payment:write", format},
		"a list in one string, with a space": {"payment:read payment:write", format},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := domain.ParseScope(tc.in)
			wantFaults(t, faults, tc.want)
			if want := domain.Scope(tc.in); tc.want == nil && got != want || tc.want != nil && got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

var scopeGrammar = regexp.MustCompile(`\A[a-z0-9_.-]+:[a-z0-9_.-]+\z`)

// FuzzParseScope checks that ParseScope accepts exactly the documented grammar and
// returns its input unchanged.
func FuzzParseScope(f *testing.F) {
	f.Add("payment:read")
	f.Add("payment:read:all")
	f.Add(strings.Repeat("a", 129))
	f.Fuzz(func(t *testing.T, s string) {
		scope, faults := domain.ParseScope(s)
		want := len(s) <= domain.MaxScopeLength && scopeGrammar.MatchString(s)
		if (faults == nil) != want {
			t.Fatalf("%q: %v", s, faults)
		}
		if want && string(scope) != s || !want && scope != "" {
			t.Fatalf("%q became %q", s, scope)
		}
	})
}

func TestNewScopeSet_RemovesDuplicates(t *testing.T) {
	t.Parallel()
	got := newScopes(t, "b:1", "a:1", "b:1", "c:1", "a:1").Codes()
	if diff := cmp.Diff([]domain.Scope{"b:1", "a:1", "c:1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewScopeSet_AcceptsAtMost100DistinctCodes(t *testing.T) {
	t.Parallel()
	var codes []domain.Scope
	for i := range domain.MaxScopes {
		codes = append(codes, domain.Scope(fmt.Sprintf("r%d:a", i)))
	}
	if _, faults := domain.NewScopeSet(slices.Concat(codes, codes)...); faults != nil {
		t.Errorf("100 codes, each twice: %v", faults)
	}
	set, faults := domain.NewScopeSet(append(codes, "one:more")...)
	wantFaults(t, faults, rejected(domain.ReasonTooMany, domain.RuleScopesTooMany))
	if !set.Empty() {
		t.Error("a rejected set is not empty")
	}
}

func TestScopeSet_SharesNoMemory(t *testing.T) {
	t.Parallel()
	in := []domain.Scope{"a:1", "b:1"}
	set := newScopes(t, in...)
	in[0] = "changed:in"
	if diff := cmp.Diff(set.Codes(), slices.Collect(set.All())); diff != "" {
		t.Errorf("All yields others than Codes:\n%s", diff)
	}
	set.Codes()[0] = "changed:out"
	if diff := cmp.Diff([]domain.Scope{"a:1", "b:1"}, set.Codes()); diff != "" {
		t.Error(diff)
	}
}

func TestScopeSetHolds_RequiresExactCodes(t *testing.T) {
	t.Parallel()
	set := newScopes(t, "payment:read", "payment:write")
	for name, tc := range map[string]struct {
		wanted []domain.Scope
		want   bool
	}{
		"one of them":                   {[]domain.Scope{"payment:write"}, true},
		"all of them in another order":  {[]domain.Scope{"payment:write", "payment:read"}, true},
		"one of them twice":             {[]domain.Scope{"payment:read", "payment:read"}, true},
		"none":                          {nil, true},
		"an empty list":                 {[]domain.Scope{}, true},
		"one that is not in the set":    {[]domain.Scope{"payment:read", "payment:void"}, false},
		"a prefix of a code":            {[]domain.Scope{"payment:rea"}, false},
		"a code with a suffix":          {[]domain.Scope{"payment:read2"}, false},
		"a code in upper case":          {[]domain.Scope{"PAYMENT:READ"}, false},
		"a wildcard":                    {[]domain.Scope{"payment:*"}, false},
		"a malformed code":              {[]domain.Scope{""}, false},
		"another resource, same action": {[]domain.Scope{"refund:read"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := set.Holds(tc.wanted); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestScopeSetHolds_AcceptsExactlySubsets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOfN(scopes(), 0, 20).Draw(t, "codes")
		wanted := rapid.SliceOfN(rapid.OneOf(scopes(), rapid.SampledFrom(append(codes, "x:y"))), 0, 5).Draw(t, "wanted")
		listed := func(w domain.Scope) bool { return slices.Contains(codes, w) }
		want := len(codes) > 0 && !slices.ContainsFunc(wanted, func(w domain.Scope) bool { return !listed(w) })
		if got := newScopes(t, codes...).Holds(wanted); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestScopeSetHolds_IsFalseForAnEmptySet(t *testing.T) {
	t.Parallel()
	sets := map[string]domain.ScopeSet{"the zero value": {}, "an empty set": newScopes(t)}
	rapid.Check(t, func(t *rapid.T) {
		wanted := rapid.SliceOfN(scopes(), 0, 5).Draw(t, "wanted")
		for name, set := range sets {
			if set.Holds(wanted) || set.Holds(nil) || !set.Empty() {
				t.Fatalf("%s holds %q", name, wanted)
			}
		}
	})
}
