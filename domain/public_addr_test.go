package domain_test

import (
	"net/netip"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestPublicAddr_KnowsTheInternet(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "168.63.129.15", "168.63.129.17", "172.15.255.255", "172.32.0.0",
		"192.0.1.0", "192.167.255.255", "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2001:200::1", "2003::1", "2a00:1450::1",
	} {
		if !domain.PublicAddr(netip.MustParseAddr(text)) {
			t.Errorf("%s is not public", text)
		}
	}
}

func TestPublicAddr_RefusesEverythingElse(t *testing.T) {
	t.Parallel()
	for name, texts := range map[string][]string{
		"this network and loopback": {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "::", "::1"},
		"private":                   {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fc00::1", "fd12::1", "fec0::1"},
		"link-local":                {"169.254.0.1", "fe80::1", "fe80::1%eth0"},
		"multicast and broadcast":   {"224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"},
		"reserved":                  {"240.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "2001:db8::1", "3fff::1", "100::1"},
		"metadata of clouds":        {"169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"},
		"IPv4 in IPv6":              {"::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"},
		"a zone":                    {"2606:4700::1%eth0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range texts {
				if domain.PublicAddr(netip.MustParseAddr(text)) {
					t.Errorf("%s is public", text)
				}
			}
		})
	}
	if domain.PublicAddr(netip.Addr{}) {
		t.Error("the zero address is public")
	}
}
