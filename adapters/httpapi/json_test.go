package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/domain"
)

var testNow = time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)

// FuzzCreateBody checks that an accepted body means the same to a lenient reader: no
// repeated member, member in another case or repaired string can create a key that its
// author did not describe.
func FuzzCreateBody(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a"}`,
		`{"name":" a ","scopes":["payment:read"],"mode":2,"ipWhitelist":["10.0.0.0/8"],"expiresAt":"2030-01-01T00:00:00Z"}`,
		`{"name":"a","name":"b"}`, `{"NAME":"a"}`, `{"name":"\ud800"}`, `[]`, `{"name":null}`, `{"name":"a","mode":1.0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := form.ParseJSON(body); err != nil {
			return
		}
		if !json.Valid(body) || !utf8.Valid(body) {
			t.Fatalf("accepted as I-JSON: %q", body)
		}
		spec, read := toKeySpec([]byte(strings.TrimSpace(string(body))))
		draft, values := spec.Draft("ws_1", testNow)
		if faults := read.With(values); faults != nil {
			for _, fault := range faults {
				if fault.Reason == "" || fault.Rule == "" {
					t.Fatalf("fault without reason or rule: %+v", fault)
				}
			}
			return
		}
		var lenient struct {
			Name        string
			Scopes      []string
			Mode        *float64
			IPWhitelist []string
			ExpiresAt   *string
		}
		if err := json.Unmarshal(body, &lenient); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v: %q", err, body)
		}
		if got := draft.Name.String(); got != strings.TrimSpace(lenient.Name) {
			t.Fatalf("name %q, a lenient reader sees %q", got, lenient.Name)
		}
		if (lenient.ExpiresAt == nil) != draft.ExpiresAt.IsZero() {
			t.Fatalf("expiry %v of %q", draft.ExpiresAt, body)
		}
		if len(lenient.IPWhitelist) > 0 && len(draft.IPWhitelist.Ranges()) == 0 {
			t.Fatalf("a whitelist was lost: %q", body)
		}
		for _, code := range draft.Scopes.Codes() {
			if !slices.Contains(lenient.Scopes, string(code)) {
				t.Fatalf("scope %q was not asked for: %q", code, body)
			}
		}
		if lenient.Mode != nil && float64(draft.Mode) != *lenient.Mode {
			t.Fatalf("mode %v of %q", draft.Mode, body)
		}
	})
}

func TestToKeySpec_ReportsEveryFaultInTheOrderOfTheMembers(t *testing.T) {
	t.Parallel()
	body := `{"ipWhitelist":["10.0.0.1",7,"10.0.0.5/24"],"surprise":1,"mode":3,"scopes":["Payment:read","payment:read"],"mode":1,"expiresAt":"2020-01-01T00:00:00Z"}`
	spec, read := toKeySpec([]byte(body))
	_, values := spec.Draft("ws_1", testNow)
	faults := read.With(values)
	type seen struct {
		Field  string
		Reason domain.Reason
	}
	var got []seen
	for _, f := range faults {
		got = append(got, seen{f.Field, f.Reason})
	}
	want := []seen{
		{"ipWhitelist[1]", domain.ReasonType},
		{"ipWhitelist[2]", domain.ReasonHostBits},
		{"surprise", domain.ReasonUnknownField},
		{"mode", domain.ReasonRange},
		{"scopes[0]", domain.ReasonFormat},
		{"mode", domain.ReasonDuplicateField},
		{"expiresAt", domain.ReasonInPast},
		{"name", domain.ReasonRequired},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestToChecks_NamesTheQuestionInPaths(t *testing.T) {
	t.Parallel()
	_, faults := toChecks([]byte(`[{"key":"k"},{"key":1,"ip":"x"},7,{}]`))
	var got []string
	for _, f := range faults {
		got = append(got, f.Field+" "+string(f.Reason))
	}
	want := []string{"[1].key type", "[1].ip format", "[2] type", "[3].key required"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestBodyForm_ReportsADuplicateMemberWhereItIsRepeated(t *testing.T) {
	t.Parallel()
	spec, read := toKeySpec([]byte(`{"name":"","scopes":["A",1,"B"],"odd[0]":1,"name":"x","mode":"LIVE","odd[0]":2,"scopes":[]}`))
	_, values := spec.Draft("ws_1", testNow)
	var got []string
	for _, f := range read.With(values) {
		got = append(got, f.Field+" "+string(f.Reason))
	}
	want := []string{
		"name length", "scopes[0] format", "scopes[1] type", "scopes[2] format", "odd[0] unknown_field",
		"name duplicate_field", "mode type", "odd[0] duplicate_field", "scopes duplicate_field",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}
