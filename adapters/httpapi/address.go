package httpapi

import (
	"net/http"
	"net/netip"

	"github.com/slaunchx/apikeys/adapters/internal/clientaddr"
)

// clientAddr returns the address of the client of r, or the zero address if it
// is unknown.
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	return clientaddr.Of(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), trusted)
}

// neighbourhood returns the name of the rate-limit bucket of addr. IPv6
// addresses share one per /64, within which a host can use any address
// (RFC 4291 section 2.5.4). All unknown addresses share one.
func neighbourhood(addr netip.Addr) string {
	if !addr.Is6() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
