package webhooks

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/slaunchx/apikeys/domain"
)

const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 30 * time.Second
	maxIdle          = 256 // connections
	maxIdlePerHost   = 4
	maxHeader        = 64 << 10 // bytes of a response's header
	// An HTTP/2 connection with a request in flight is pinged after pingAfter of silence,
	// and closed if it stays silent for pingTimeout more. Otherwise a dead connection
	// that was not closed would be used for every attempt until TCP gives up, after a
	// quarter of an hour. Together they are shorter than an attempt.
	pingAfter   = 5 * time.Second
	pingTimeout = 5 * time.Second
)

// errForbidden means that an address must not be dialled.
var errForbidden = errors.New("address must not be called")

// newClient returns a client that dials only public addresses, on ports 443 and 8443,
// unless o.Insecure is set. It follows no redirects and ignores the proxy variables of
// the environment.
func newClient(o Options) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: -1, Resolver: o.Resolver, Control: o.control}
	if o.control == nil && !o.Insecure {
		dialer.Control = guard(internet(), domain.PublicAddr)
	}
	transport := &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		TLSHandshakeTimeout:    handshakeTimeout,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guard returns a function for [net.Dialer.Control], which judges the address that a
// name resolved to; a check before the look-up would prove nothing. Two lists must
// permit the address: that of special ranges in ssrf, and ours, which adds metadata
// addresses outside those ranges.
func guard(judge func(netip.AddrPort) error, public func(netip.Addr) bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %w", errForbidden, err)
		}
		if err := judge(to); err != nil {
			return fmt.Errorf("%w: %w", errForbidden, err)
		}
		if !public(to.Addr()) {
			return fmt.Errorf("%w: %s is not public", errForbidden, to.Addr())
		}
		return nil
	}
}

// internet permits ports 443 and 8443 at all addresses outside special ranges.
func internet() func(netip.AddrPort) error {
	return ssrf.New(ssrf.WithPorts(443, 8443)).SafeAddrPort
}
