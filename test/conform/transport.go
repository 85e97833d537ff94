package conform

import (
	"bytes"
	"io"
	"net/http"
)

// Transport sends requests by Base, and fails where an exchange is not as the
// document has it.
type Transport struct {
	Base http.RoundTripper
	// Listener returns what the document says of that host and port, and nil
	// where it says nothing.
	Listener func(host string) *Listener
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	listener := t.Listener(r.URL.Host)
	if listener == nil {
		return t.Base.RoundTrip(r)
	}
	sent, r, err := kept(r)
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

// kept returns the body of r, and r with that body still to be read. Its
// length stays unknown where it was.
func kept(r *http.Request) ([]byte, *http.Request, error) {
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
