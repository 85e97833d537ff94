package sqlkit

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

func TestDecodeIPWhitelist_RefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	unreadable := map[string]string{
		"nothing":              ``,
		"null":                 `null`,
		"no JSON":              `[`,
		"an object":            `{}`,
		"a string":             `"10.0.0.1"`,
		"a list of null":       `[null]`,
		"an address and a bad": `["10.0.0.1", "10.0.0.300"]`,
		"host bits":            `["10.0.0.1/8"]`,
		"two lists":            `[][]`,
	}
	for name, stored := range unreadable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if list, faults := decodeIPWhitelist(stored); faults == nil {
				t.Errorf("it is read as %v", list.Ranges())
			}
			if scopes, faults := decodeScopes(stored); faults == nil {
				t.Errorf("it is read as the scopes %v", scopes.Codes())
			}
		})
	}
	if _, err := encodeIPWhitelist(domain.UnreadableIPWhitelist()); err == nil {
		t.Error("an unreadable list can be stored again")
	}
}

func TestDecodeIPWhitelist_RestrictsNothingIfTheListIsEmpty(t *testing.T) {
	t.Parallel()
	if list, faults := decodeIPWhitelist(`[]`); faults != nil || !list.Admits(netip.Addr{}) {
		t.Error("an unknown address is refused")
	}
}

func TestPlainList_ReadsWhatJSONReads(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{`"`, `a`, `,`, ` `, `[`, `]`, `"a:b"`, `"10.0.0.1"`, `, `, `\`, `\u0041`, "\n", "é", `null`, `1`})
	rapid.Check(t, func(t *rapid.T) {
		stored := "[" + strings.Join(rapid.SliceOfN(pieces, 0, 8).Draw(t, "pieces"), "") + "]"
		got, plain := plainList(stored)
		if !plain {
			return // encoding/json decides
		}
		var want []string
		if err := json.Unmarshal([]byte(stored), &want); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%s is read as %q, by JSON as %q, error %v", stored, got, want, err)
		}
	})
	if _, plain := plainList(`["payment:read", "payment:write"]`); !plain {
		t.Error("a list of scopes is left to JSON")
	}
}

func TestDecodeChanges_MarksWhatIsNoChange(t *testing.T) {
	t.Parallel()
	for _, stored := range []string{``, `{}`, `[1]`, `[{"field":"a","new":1}]`, `[{"field":"a","old":[1]}]`, `[{"field":"a","new":{}}]`} {
		changes, ok := decodeChanges(FieldOf(stored))
		if ok || len(changes) != 1 || !slices.Contains([]any{changes[0].Field, changes[0].Old, changes[0].New}, any(domain.Unreadable)) {
			t.Errorf("%s is read as %v", stored, changes)
		}
	}
}

func TestEncodeChanges_RejectsOtherTypes(t *testing.T) {
	t.Parallel()
	if stored, err := encodeChanges([]domain.Change{{Field: "digest", New: domain.Digest{}}}); err == nil {
		t.Errorf("a digest is stored as %s", stored)
	}
}
