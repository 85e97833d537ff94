package apikeys

import (
	"strings"
	"testing"
)

// A loopback name may resolve to another address.
func TestOpen_RefusesAnAddressThatOthersReach(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{internalAddr, extAuthzAddr} {
		s := &Service{}
		d := door{variable: variable}
		err := s.open(t.Context(), &d, "0.0.0.0:0")
		if err == nil || !strings.Contains(err.Error(), "APIKEYS_INTERNAL_TOKEN") || !strings.Contains(err.Error(), variable) {
			t.Errorf("open() = %v, want a refusal that names APIKEYS_INTERNAL_TOKEN and %s", err, variable)
		}
	}
}
