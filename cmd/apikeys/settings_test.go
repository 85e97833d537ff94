package main

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slaunchx/apikeys/config"
)

func TestSettings_AreTheDefaultWithoutFlagsAndVariables(t *testing.T) { //nolint:paralleltest // it clears the environment of the process
	unsetAll(t)
	var parsed cli
	parser, err := kong.New(&parsed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"serve"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), config.Config(parsed.Serve.Settings), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the tags have other defaults than Default (-Default +tags):\n%s", diff)
	}
}

func TestOverlay_TakesOnlyWhatWasSet(t *testing.T) {
	t.Parallel()
	base := config.Config{Addr: "base", InternalAddr: "base", DatabaseURL: "base", LogLevel: "base"}
	given := config.Config{Addr: "given", InternalAddr: "given", DatabaseURL: "given", TrustedProxies: []string{"given"}}
	got := overlay(base, given, map[string]bool{
		"APIKEYS_ADDR":            true,
		"APIKEYS_DATABASE_URL":    true,
		"APIKEYS_TRUSTED_PROXIES": true,
		"APIKEYS_LOG_LEVEL":       false,
	})
	want := config.Config{Addr: "given", InternalAddr: "base", DatabaseURL: "given", TrustedProxies: []string{"given"}, LogLevel: "base"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMadeByDev_NamesExistingVariables(t *testing.T) {
	t.Parallel()
	set := map[string]bool{}
	for _, variable := range madeByDev {
		set[variable] = true
	}
	all := config.Config{
		JWKSURL: "x", JWKSAllowHTTP: true, JWKSFile: "x", JWTIssuer: "x", JWTAudience: "x",
		JWTClaimAccount: "x", JWTClaimPortal: "x", JWTDefaultPortal: "x", JWTClaimWorkspaces: "x", JWTClaimClientHash: "x",
	}
	if diff := cmp.Diff(all, overlay(config.Config{}, all, set)); diff != "" {
		t.Errorf("a variable is misspelt (-want +got):\n%s", diff)
	}
}
