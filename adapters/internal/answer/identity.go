package answer

import (
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

// IdentityHeaders are the headers that identify the allowed key, in their canonical
// form.
var IdentityHeaders = [...]string{"X-Api-Key-Id", "X-Workspace-Id", "X-Api-Key-Mode", "X-Api-Key-Scopes"}

// IdentityValues returns the values of [IdentityHeaders] for a key.
func IdentityValues(key domain.Identity) [len(IdentityHeaders)]string {
	return [...]string{string(key.KeyID), string(key.Workspace), key.Mode.String(), spaced(key.Scopes)}
}

// spaced returns the codes of a set, separated by spaces.
func spaced(set domain.ScopeSet) string {
	length, n := 0, 0
	for code := range set.All() {
		length, n = length+len(code)+1, n+1
	}
	var b strings.Builder
	b.Grow(length)
	for code := range set.All() {
		b.WriteString(string(code))
		if n--; n > 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
