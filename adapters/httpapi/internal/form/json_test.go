package form

import (
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestIsIJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string
		want bool
	}{
		{name: "an object", body: `{"a":[1,null,"x"]}`, want: true},
		{name: "white space around it", body: " {\n}\t\r\n", want: true},
		{name: "a repeated member is left to the decoder of objects", body: `{"a":1,"a":2}`, want: true},
		{name: "a surrogate pair", body: `{"a":"\ud83d\ude00"}`, want: true},
		{name: "nothing", body: ``},
		{name: "white space alone", body: "  \n"},
		{name: "two values", body: `{} {}`},
		{name: "something after it", body: `{}x`},
		{name: "an end too early", body: `{"a":1`},
		{name: "a comma too many", body: `{"a":1,}`},
		{name: "a comment", body: `{}//`},
		{name: "a byte order mark", body: "\ufeff{}"},
		{name: "bytes that are not UTF-8", body: "{\"a\":\"\xff\"}"},
		{name: "bytes that are not UTF-8 in a member name", body: "{\"\xff\":1}"},
		{name: "a lone high surrogate", body: `{"a":"\ud83d"}`},
		{name: "a lone low surrogate", body: `{"a":"\ude00"}`},
		{name: "a surrogate encoded as UTF-8", body: "{\"a\":\"\xed\xa0\xbd\"}"},
		{name: "a noncharacter", body: `{"a":"\ufffe"}`},
		{name: "a noncharacter in a member name", body: `{"\ufdd0":1}`},
		{name: "a raw control character in a string", body: "{\"a\":\"\n\"}"},
		{name: "nesting without end", body: strings.Repeat("[", 60_000)},
		{name: "NaN", body: `NaN`},
		{name: "a number with a leading zero", body: `{"a":01}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := isIJSON([]byte(tt.body)); got != tt.want {
				t.Errorf("isIJSON(%q) = %v, want %v", tt.body, got, tt.want)
			}
		})
	}
}

func TestDecodeInteger(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value  string
		want   int64
		reason domain.Reason
	}{
		{value: `1`, want: 1},
		{value: `1.0`, want: 1},
		{value: `10e-1`, want: 1},
		{value: `-0`, want: 0},
		{value: `-7`, want: -7},
		{value: `1e400`, want: 1 << 53},
		{value: `-1e400`, want: -1 << 53},
		{value: `1.5`, reason: domain.ReasonType},
		{value: `"1"`, reason: domain.ReasonType},
		{value: `true`, reason: domain.ReasonType},
		{value: `[1]`, reason: domain.ReasonType},
		{value: `null`, reason: domain.ReasonType},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) {
			t.Parallel()
			got, faults := DecodeInteger([]byte(tt.value))
			if tt.reason != "" {
				if len(faults) != 1 || faults[0].Reason != tt.reason {
					t.Errorf("faults = %v, want one of reason %q", faults, tt.reason)
				}
				return
			}
			if got != tt.want || faults != nil {
				t.Errorf("DecodeInteger(%s) = %d, %v, want %d", tt.value, got, faults, tt.want)
			}
		})
	}
}
