package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxForwardedHops bounds how many entries of X-Forwarded-For are looked at.
const maxForwardedHops = 32

// clientAddr returns the address of the client, and the zero address when it
// cannot be known: the TCP peer, unless that is a trusted proxy; then the
// right-most entry of X-Forwarded-For that is not one. Entries left of that
// are what the client itself may have written.
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap().WithZone("")
	if !isTrusted(addr, trusted) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i, hop := range slices.Backward(hops) {
		if len(hops)-i > maxForwardedHops {
			return netip.Addr{}
		}
		hop = strings.TrimSpace(hop)
		if hop == "" && len(hops) == 1 {
			return addr
		}
		addr, err = netip.ParseAddr(hop)
		if err != nil || addr.Zone() != "" {
			return netip.Addr{}
		}
		addr = addr.Unmap()
		if !isTrusted(addr, trusted) {
			return addr
		}
	}
	return addr
}

// neighbourhood names what addr is counted under where it fails: IPv6 by the
// /64, within which a host takes the address it likes (RFC 4291 section
// 2.5.4), and all that cannot be known as one.
func neighbourhood(addr netip.Addr) string {
	if !addr.Is6() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}
