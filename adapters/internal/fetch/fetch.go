// Package fetch fetches documents with public keys from an address that the operator
// has configured.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const maxHTTPHeader = 64 << 10

// Source is a document on a server.
type Source struct {
	url    string
	accept string
	limit  int64
	client *http.Client
}

// New returns the document at address, which may have at most limit bytes. accept is sent
// as the Accept header. The document is fetched with client or, if client is nil, with a
// client of its own.
func New(address, accept string, limit int64, client *http.Client) Source {
	c := http.Client{Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHTTPHeader,
		DisableKeepAlives:      true, // the next request is minutes away
	}}
	if client != nil {
		c = *client
	}
	// Only the configured host is trusted.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return Source{url: address, accept: accept, limit: limit, client: &c}
}

// Read fetches the document. Its errors do not contain the URL, whose path or query may
// be a credential.
func (s Source) Read(ctx context.Context) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, errors.New("malformed URL")
	}
	r.Header.Set("Accept", s.accept)
	response, err := s.client.Do(r)
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return nil, outer.Err
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code >= 300 && code <= 399:
		return nil, fmt.Errorf("status %d, and redirects are not followed", code)
	case code != http.StatusOK:
		return nil, fmt.Errorf("status %d", code)
	}
	return ReadAll(response.Body, s.limit)
}

// ReadAll reads r until its end. It returns an error if r has more than limit bytes.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	document, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(document)) > limit:
		return nil, fmt.Errorf("the document is longer than %d KiB", limit>>10)
	}
	return document, nil
}
