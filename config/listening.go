package config

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
)

// minInternalToken is the minimum length of an internal token in characters. In any
// common encoding they hold at least 128 bits.
const minInternalToken = 32

// Loopback reports whether a listener on addr, a host:port, can be reached only
// from this host: the host is in 127.0.0.0/8, ::1, or localhost.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	if host == "localhost" { // RFC 6761 section 6.3
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// ProxyRanges returns TrustedProxies as ranges, or an error for an entry that
// Validate rejects.
func (c Config) ProxyRanges() ([]netip.Prefix, error) {
	ranges := make([]netip.Prefix, len(c.TrustedProxies))
	for i, entry := range c.TrustedProxies {
		if problem := judgeProxy(entry); problem != "" {
			return nil, errors.New("APIKEYS_TRUSTED_PROXIES: " + problem)
		}
		ranges[i] = netip.MustParsePrefix(entry)
	}
	return ranges, nil
}

func (c Config) listening() Faults {
	var faults Faults
	faults.check("APIKEYS_ADDR", judgeAddr(c.Addr))
	faults.check("APIKEYS_INTERNAL_ADDR", judgeAddr(c.InternalAddr))
	if c.Addr == c.InternalAddr && !freePort(c.Addr) {
		faults.check("APIKEYS_INTERNAL_ADDR", "is the same as APIKEYS_ADDR; give it another port")
	}
	faults.check("APIKEYS_EXT_AUTHZ_ADDR", c.judgeExtAuthzAddr())
	faults.check("APIKEYS_INTERNAL_TOKEN", c.judgeInternalToken())
	if c.MaxConnections < 0 {
		faults.check("APIKEYS_MAX_CONNECTIONS", "is negative; write how many connections a listener may have open, such as 10000, or 0 for no limit")
	}
	for _, entry := range c.TrustedProxies {
		faults.check("APIKEYS_TRUSTED_PROXIES", judgeProxy(entry))
	}
	for _, entry := range c.CORSOrigins {
		faults.check("APIKEYS_CORS_ORIGINS", judgeOrigin(entry))
	}
	if c.Console != ConsoleOn && c.Console != ConsoleOff {
		faults.check("APIKEYS_CONSOLE", "is "+strconv.Quote(c.Console)+"; write on or off")
	}
	for _, entry := range c.ConsoleOrigins {
		faults.check("APIKEYS_CONSOLE_ORIGINS", judgeOrigin(entry))
	}
	return faults
}

func (c Config) judgeInternalToken() string {
	token := c.InternalToken.Reveal()
	if token == "" {
		for _, listener := range [...]struct{ variable, addr string }{
			{"APIKEYS_INTERNAL_ADDR", c.InternalAddr},
			{"APIKEYS_EXT_AUTHZ_ADDR", c.ExtAuthzAddr},
		} {
			if judgeAddr(listener.addr) == "" && !Loopback(listener.addr) {
				return "is missing; " + listener.variable + " is not a loopback address, so set a token of at least 32 characters or listen on 127.0.0.1"
			}
		}
		return ""
	}
	for _, b := range []byte(token) {
		if b < '!' || b > '~' {
			return "contains a character that is not visible ASCII; use letters, digits and punctuation, without spaces"
		}
	}
	if len(token) < minInternalToken {
		return "is too short; use at least 32 characters, such as the output of 'openssl rand -hex 32'"
	}
	return ""
}

func (c Config) judgeExtAuthzAddr() string {
	switch {
	case c.ExtAuthzAddr == "":
		return ""
	case judgeAddr(c.ExtAuthzAddr) != "":
		return judgeAddr(c.ExtAuthzAddr)
	case freePort(c.ExtAuthzAddr):
		return ""
	case c.ExtAuthzAddr == c.Addr:
		return "is the same as APIKEYS_ADDR; give it another port"
	case c.ExtAuthzAddr == c.InternalAddr:
		return "is the same as APIKEYS_INTERNAL_ADDR; give it another port"
	}
	return ""
}

func judgeAddr(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "is " + strconv.Quote(addr) + ", which is not host:port; write :8080, 127.0.0.1:8080 or [::1]:8080"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "has the port " + strconv.Quote(port) + "; write a number from 0 to 65535"
	}
	return ""
}

// freePort reports whether addr lets the system choose a port.
func freePort(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	return err == nil && port == "0"
}

// judgeProxy rejects ranges that would trust everyone or nobody: a /0 contains
// every client, and an IPv4-mapped range contains none, because addresses are
// unmapped before they are compared.
func judgeProxy(entry string) string {
	quoted := strconv.Quote(entry)
	prefix, err := netip.ParsePrefix(entry)
	switch {
	case err != nil:
		return quoted + " is not a CIDR range; write 10.0.0.0/8, or a single address as 10.0.0.7/32"
	case prefix.Bits() == 0:
		return quoted + " trusts every address; name the ranges of the proxies"
	case prefix.Addr().Is4In6():
		return quoted + " is an IPv4-mapped range; write it as an IPv4 range"
	case prefix != prefix.Masked():
		return quoted + " has host bits set; write " + prefix.Masked().String()
	}
	return ""
}
