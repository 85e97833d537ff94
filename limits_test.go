package apikeys_test

import (
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/serving"
)

func TestNew_NamesANegativeRate(t *testing.T) {
	t.Parallel()
	for variable, spoil := range map[string]func(*config.Config){
		"APIKEYS_MANAGEMENT_RATE":   func(cfg *config.Config) { cfg.ManagementRate = -1 },
		"APIKEYS_AUTH_FAILURE_RATE": func(cfg *config.Config) { cfg.AuthFailureRate = -1 },
		"APIKEYS_LEAK_RATE":         func(cfg *config.Config) { cfg.LeakRate = -1 },
	} {
		cfg := serving.Config()
		spoil(&cfg)
		_, err := apikeys.New(t.Context(), cfg, apikeys.WithAuthenticator(serving.Owner{}))
		if err == nil || !strings.HasPrefix(err.Error(), variable+": ") {
			t.Errorf("New() = %v, which does not begin with %s", err, variable)
		}
	}
}
