// Package clientaddr determines the address of a client from its connection and from
// X-Forwarded-For. Every adapter that needs a client's address uses it, so that they
// all agree.
package clientaddr

import (
	"net/netip"
	"slices"
	"strings"
)

// maxEntries bounds how many entries of X-Forwarded-For are read.
const maxEntries = 32

// optionalSpace is the white space that may surround an entry of a list (OWS,
// RFC 9110 section 5.6.3).
const optionalSpace = " \t"

// Of returns the address of a client, or the zero address if it is unknown.
//
// The client is the peer of the connection unless the peer is trusted. In that case it
// is the right-most entry of forwarded that is not trusted, since the client itself may
// have written everything to the left of it. The elements of forwarded are the lines of
// X-Forwarded-For, which form one list. Empty entries are skipped. If every entry is
// trusted, the client is the left-most one; if there are no entries, it is the peer. If
// an entry is not an address, the client is unknown.
//
// The address is in the form that [Parse] returns.
func Of(peer string, forwarded []string, trusted []netip.Prefix) netip.Addr {
	addr, ok := Parse(peer)
	if !ok || !isTrusted(addr, trusted) {
		return addr
	}
	read := 0
	for _, line := range slices.Backward(forwarded) {
		for entry, more := "", true; more; {
			if read++; read > maxEntries {
				return netip.Addr{}
			}
			line, entry, more = cutLast(line)
			if entry == "" {
				continue
			}
			if addr, ok = Parse(entry); !ok || !isTrusted(addr, trusted) {
				return addr
			}
		}
	}
	return addr
}

// Parse parses an address that may be followed by a port, as in 203.0.113.7,
// 203.0.113.7:51008, 2001:db8::1, [2001:db8::1] and [2001:db8::1]:443. Spaces and tabs
// around it are ignored. It returns the address without its zone, and an IPv4-mapped
// IPv6 address as IPv4. If text has none of these forms, it returns the zero address
// and false.
func Parse(text string) (netip.Addr, bool) {
	text = strings.Trim(text, optionalSpace)
	addr, err := netip.ParseAddr(text)
	if err != nil {
		addr, err = parseWithPort(text)
	}
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}

// parseWithPort parses the forms that netip.ParseAddr does not accept: addresses with a
// port, and an IPv6 address in brackets without one.
func parseWithPort(text string) (netip.Addr, error) {
	if strings.HasSuffix(text, "]") {
		text += ":0"
	}
	withPort, err := netip.ParseAddrPort(text)
	return withPort.Addr(), err
}

// cutLast splits a list at its last comma into what comes before it and the
// entry after it, and reports whether there was a comma.
func cutLast(list string) (before, entry string, found bool) {
	i := strings.LastIndexByte(list, ',')
	return list[:max(i, 0)], strings.Trim(list[i+1:], optionalSpace), i >= 0
}

func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}
