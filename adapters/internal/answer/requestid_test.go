package answer

import (
	"regexp"
	"strings"
	"testing"
)

func TestRequestID_TakesOnlyHarmlessIdentifiers(t *testing.T) {
	t.Parallel()
	made := regexp.MustCompile(`^[A-Z2-7]{26}$`)
	tests := []struct {
		name   string
		values []string
		taken  bool
	}{
		{name: "one visible character", values: []string{"x"}, taken: true},
		{name: "as long as may be", values: []string{strings.Repeat("x", 128)}, taken: true},
		{name: "none"},
		{name: "empty", values: []string{""}},
		{name: "too long", values: []string{strings.Repeat("x", 129)}},
		{name: "a space", values: []string{"a b"}},
		{name: "not ASCII", values: []string{"é"}},
		{name: "two", values: []string{"a", "b"}},
		{name: "the identifier of a key", values: []string{"sk_live_0123456789ABCDEF"}, taken: true},
		{name: "a secret", values: []string{"sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw1GmBaH"}},
		{name: "a secret within", values: []string{"a-sk_test_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw3e0teW-b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := RequestID(tt.values)
			if tt.taken && got != tt.values[0] {
				t.Errorf("RequestID() = %q, want the caller's", got)
			}
			if !tt.taken && !made.MatchString(got) {
				t.Errorf("RequestID() = %q, want 26 base32 characters", got)
			}
		})
	}
}

func TestNewRequestID_IsUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 10_000 {
		id := newRequestID()
		if seen[id] {
			t.Fatalf("%s came twice", id)
		}
		seen[id] = true
	}
}
