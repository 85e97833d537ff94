package conform

import (
	"bytes"
	"io"
	"net/http"
)

// Transport sends requests with Base, and returns an error if an exchange does not
// conform to the document.
type Transport struct {
	Base http.RoundTripper
	// Listener returns the part of the document for host, which includes the
	// port, or nil if there is none.
	Listener func(host string) *Listener
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	listener := t.Listener(r.URL.Host)
	if listener == nil {
		return t.Base.RoundTrip(r)
	}
	sent, r, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	res, err := t.Base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	received, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	if err := listener.Check(Exchange{Request: r, Sent: sent, Response: res, Received: received}); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(received))
	return res, nil
}

// bodyOf returns the body of r, and a copy of r with the body unread. An unknown
// length stays unknown.
func bodyOf(r *http.Request) ([]byte, *http.Request, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, r, nil
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil {
		return nil, nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, r, nil
}
