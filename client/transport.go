package client

import (
	"net"
	"net/http"
	"time"
)

// Bounds of the client's own connections.
const (
	// maxConnections bounds the questions under way: more wait for their
	// turn, within their own deadline.
	maxConnections = 256
	// idleTimeout is below the 60 s after which the service closes a
	// connection, so that no question meets one that is just being closed.
	idleTimeout    = 50 * time.Second
	maxHeaderBytes = 16 << 10
)

// newHTTPClient returns a client that sends what it is given to one place.
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

// newTransport speaks HTTP/1.1 only. A connection of it that has died without
// a word is closed with the question that waited for it; one of HTTP/2 would
// be waited for by all.
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
