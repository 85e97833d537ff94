package domain

import (
	"net/netip"
	"slices"
	"strings"
)

// MaxIPRanges is the maximum number of distinct entries of an IP whitelist.
const MaxIPRanges = 100

// IPRange is one entry of a whitelist: a single address or a CIDR range
// (RFC 4632), IPv4 or IPv6.
type IPRange struct {
	prefix netip.Prefix
	single bool
}

// ParseIPRange parses an address or a CIDR range. It converts an IPv4-mapped IPv6
// address (RFC 4291 section 2.5.5.2) to the IPv4 address. It rejects zones, which have
// no meaning on another host, ranges of IPv4-mapped addresses, and ranges with host
// bits set, which are ambiguous: they could mean the single address or the whole range.
func ParseIPRange(s string) (IPRange, Faults) {
	if strings.Contains(s, "%") {
		return IPRange{}, fault(ReasonFormat, RuleIPZone)
	}
	if !strings.Contains(s, "/") {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return IPRange{}, fault(ReasonFormat, RuleIPFormat)
		}
		addr = addr.Unmap()
		return IPRange{prefix: netip.PrefixFrom(addr, addr.BitLen()), single: true}, nil
	}
	prefix, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return IPRange{}, fault(ReasonFormat, RuleIPFormat)
	case prefix.Addr().Is4In6():
		return IPRange{}, fault(ReasonFormat, RuleIPMapped)
	case prefix != prefix.Masked():
		return IPRange{}, Faults{{
			Reason: ReasonHostBits,
			Rule:   RuleIPHostBits,
			Args:   map[string]string{"Canonical": prefix.Masked().String()},
		}}
	}
	return IPRange{prefix: prefix}, nil
}

// String returns the canonical form (RFC 5952 for IPv6).
func (r IPRange) String() string {
	if r.single {
		return r.prefix.Addr().String()
	}
	return r.prefix.String()
}

// IPWhitelist is the set of addresses from which a key may be used. The zero value
// means no restriction.
type IPWhitelist struct {
	ranges     []IPRange
	unreadable bool
}

// NewIPWhitelist returns the whitelist of the given entries in order, without
// duplicates. 10.0.0.1 and 10.0.0.1/32 are duplicates.
func NewIPWhitelist(ranges ...IPRange) (IPWhitelist, Faults) {
	ranges = distinct(ranges, func(r IPRange) netip.Prefix { return r.prefix })
	if len(ranges) > MaxIPRanges {
		return IPWhitelist{}, fault(ReasonTooMany, RuleIPTooMany)
	}
	return IPWhitelist{ranges: ranges}, nil
}

// UnreadableIPWhitelist returns a replacement for an unreadable whitelist. It admits no
// address, so that damage does not lift a restriction.
func UnreadableIPWhitelist() IPWhitelist { return IPWhitelist{unreadable: true} }

// Ranges returns the entries in order. The caller owns the slice.
func (w IPWhitelist) Ranges() []IPRange { return slices.Clone(w.ranges) }

// restricts reports whether the whitelist rejects at least one address.
func (w IPWhitelist) restricts() bool { return w.unreadable || len(w.ranges) > 0 }

// Admits reports whether a key with this whitelist may be used from addr. An
// unknown address (the zero Addr) and an address with a zone are admitted only if
// there is no restriction.
func (w IPWhitelist) Admits(addr netip.Addr) bool {
	if !w.restricts() {
		return true
	}
	_, listed := w.entryOf(addr)
	return listed
}

// entryOf returns the first entry that contains addr, or false if none does.
func (w IPWhitelist) entryOf(addr netip.Addr) (IPRange, bool) {
	if addr.Zone() != "" {
		return IPRange{}, false
	}
	addr = addr.Unmap()
	for _, r := range w.ranges {
		if r.prefix.Contains(addr) {
			return r, true
		}
	}
	return IPRange{}, false
}
