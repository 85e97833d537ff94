package apikeys_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/serving"
)

func withExtAuthz() config.Config {
	cfg := serving.Config()
	cfg.ExtAuthzAddr = "127.0.0.1:0"
	return cfg
}

func TestNew_RefusesAnAddressForEnvoyThatNothingServes(t *testing.T) {
	t.Parallel()
	_, err := apikeys.New(t.Context(), withExtAuthz(), apikeys.WithAuthenticator(serving.Owner{}))
	var faults config.Faults
	if !errors.As(err, &faults) || !strings.Contains(err.Error(), "APIKEYS_EXT_AUTHZ_ADDR") {
		t.Errorf("New() = %v, want a fault of APIKEYS_EXT_AUTHZ_ADDR", err)
	}
}

func TestRun_NamesTheVariableOfEnvoysAddress(t *testing.T) {
	t.Parallel()
	cfg := withExtAuthz()
	cfg.ExtAuthzAddr = "192.0.2.1:1"
	cfg.InternalToken = config.Secret(strings.Repeat("t", 32))
	err := startable(t, cfg, apikeys.WithExtAuthz(extauthz.New)).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "APIKEYS_EXT_AUTHZ_ADDR") {
		t.Errorf("Run() = %v, want an error that names APIKEYS_EXT_AUTHZ_ADDR", err)
	}
}
