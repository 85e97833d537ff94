package config_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/config"
)

func TestLoopback_ReportsWhetherOthersCanReachAListener(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"127.0.0.1:80":          true,
		"127.8.9.1:80":          true,
		"[::1]:80":              true,
		"[::ffff:127.0.0.1]:80": true,
		"localhost:80":          true,
		":80":                   false,
		"0.0.0.0:80":            false,
		"[::]:80":               false,
		"192.0.2.1:80":          false,
		"localhost.example:80":  false,
		"127.0.0.1":             false,
	} {
		if got := config.Loopback(addr); got != want {
			t.Errorf("Loopback(%q) = %v", addr, got)
		}
	}
}

func TestProxyRanges_ParsesTheList(t *testing.T) {
	t.Parallel()
	c := config.Config{TrustedProxies: []string{"10.0.0.0/8", "fd00::/8"}}
	got, err := c.ProxyRanges()
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestProxyRanges_FailsOnWhatValidateRejects(t *testing.T) {
	t.Parallel()
	c := config.Config{TrustedProxies: []string{"10.0.0.0/8", "10.0.0.1/8"}}
	if got, err := c.ProxyRanges(); err == nil {
		t.Errorf("got %v", got)
	}
}
