package client

import (
	"net"
	"net/http"
	"time"
)

// Limits of the connections of the default HTTP client.
const (
	// maxConnections is the number of checks in flight. Further checks wait,
	// within their own deadline.
	maxConnections = 256
	// idleTimeout is shorter than the 60 s after which the service closes an idle
	// connection, so that no check is sent on one that is being closed.
	idleTimeout    = 50 * time.Second
	maxHeaderBytes = 16 << 10
)

// newHTTPClient returns a client that follows no redirects, with the transport
// and timeout of given if it is not nil.
func newHTTPClient(given *http.Client, timeout time.Duration) *http.Client {
	c := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if given != nil {
		c.Transport, c.Timeout = given.Transport, given.Timeout
		return c
	}
	c.Transport = newTransport(timeout)
	return c
}

// newTransport returns a transport for HTTP/1.1 only. A dead HTTP/1.1 connection
// delays one check; a dead HTTP/2 connection would delay all.
func newTransport(timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    timeout,
		DisableCompression:     true,
		MaxConnsPerHost:        maxConnections,
		MaxIdleConnsPerHost:    maxConnections,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}
