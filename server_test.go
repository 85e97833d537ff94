package apikeys

import (
	"strings"
	"testing"
)

// A name that is one of loopback may not resolve to it.
func TestOpenInternal_RefusesAnAddressThatOthersCanReach(t *testing.T) {
	t.Parallel()
	l, err := listen{internal: "0.0.0.0:0"}.openInternal(t.Context())
	if err == nil || !strings.Contains(err.Error(), "APIKEYS_INTERNAL_TOKEN") {
		t.Errorf("openInternal() = %v, %v, want a refusal that names APIKEYS_INTERNAL_TOKEN", l, err)
	}
}
