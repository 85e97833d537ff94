package domain

import "net/netip"

// globalUnicast is the only range from which IANA assigns public IPv6 addresses. Outside
// it are, among others, loopback, link-local, unique local, multicast, IPv4-mapped and
// NAT64 addresses.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// notPublic are the special-purpose ranges of IPv4, and of IPv6 within globalUnicast
// (IANA's registries for RFC 6890), and the metadata addresses that clouds use in
// public ranges.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),        // this network (RFC 791)
	netip.MustParsePrefix("10.0.0.0/8"),       // private (RFC 1918)
	netip.MustParsePrefix("100.64.0.0/10"),    // shared by carriers (RFC 6598), and Alibaba's metadata
	netip.MustParsePrefix("127.0.0.0/8"),      // loopback (RFC 1122)
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's metadata
	netip.MustParsePrefix("169.254.0.0/16"),   // link-local (RFC 3927), and the metadata of most clouds
	netip.MustParsePrefix("172.16.0.0/12"),    // private (RFC 1918)
	netip.MustParsePrefix("192.0.0.0/24"),     // protocol assignments (RFC 6890), and Oracle's metadata
	netip.MustParsePrefix("192.0.2.0/24"),     // documentation (RFC 5737)
	netip.MustParsePrefix("192.31.196.0/24"),  // AS112 (RFC 7535)
	netip.MustParsePrefix("192.52.193.0/24"),  // AMT (RFC 7450)
	netip.MustParsePrefix("192.88.99.0/24"),   // 6to4 relays (RFC 7526)
	netip.MustParsePrefix("192.168.0.0/16"),   // private (RFC 1918)
	netip.MustParsePrefix("192.175.48.0/24"),  // AS112 (RFC 7534)
	netip.MustParsePrefix("198.18.0.0/15"),    // benchmarks (RFC 2544)
	netip.MustParsePrefix("198.51.100.0/24"),  // documentation (RFC 5737)
	netip.MustParsePrefix("203.0.113.0/24"),   // documentation (RFC 5737)
	netip.MustParsePrefix("224.0.0.0/3"),      // multicast, reserved, broadcast (RFC 1112)

	netip.MustParsePrefix("2001::/23"),         // protocol assignments (RFC 2928), and Teredo
	netip.MustParsePrefix("2001:db8::/32"),     // documentation (RFC 3849)
	netip.MustParsePrefix("2002::/16"),         // 6to4, which contains an IPv4 address (RFC 3056)
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112 (RFC 7534)
	netip.MustParsePrefix("3fff::/20"),         // documentation (RFC 9637)
}

// PublicAddr reports whether addr is a public internet address. Private, loopback,
// link-local, multicast and reserved addresses are not, nor are the metadata addresses
// of clouds and IPv6 addresses that embed an IPv4 address. An address with a zone is not
// public, nor is the zero Addr.
func PublicAddr(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" || addr.Is6() && !globalUnicast.Contains(addr) {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}
