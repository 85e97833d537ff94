package domain_test

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestParsePortal(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"SYSTEM": true, "TENANT": true, "PARTNER": true, "CONSUMER": true,
		"": false, "partner": false, "PARTNER ": false, "ADMIN": false,
	} {
		portal, ok := domain.ParsePortal(name)
		if ok != want || want && string(portal) != name || !want && portal != "" {
			t.Errorf("%q: %q, %v", name, portal, ok)
		}
	}
}
