package jwtauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"
)

const (
	maxDocument     = 1 << 20 // bytes of a key set
	maxHTTPHeader   = 64 << 10
	fetchTimeout    = 5 * time.Second
	acceptedContent = "application/jwk-set+json, application/json"
)

// source reads the issuer's key set.
type source interface {
	read(ctx context.Context) ([]byte, error)
}

func newSource(c Config) (source, error) {
	if c.JWKSFile != "" {
		return fileSource(c.JWKSFile), nil
	}
	return newURLSource(c)
}

func newURLSource(c Config) (source, error) {
	address, err := url.Parse(c.JWKSURL)
	if err != nil || address.Host == "" {
		return nil, errors.New("JWKS URL is malformed")
	}
	if err := checkURL(address, c.AllowHTTP); err != nil {
		return nil, err
	}
	if exposed(address) {
		// The path or query may contain a credential.
		c.Logger.Warn("token keys are fetched by plain HTTP; anyone on the network path can replace them and sign tokens", "host", address.Host)
	}
	client := http.Client{Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHTTPHeader,
		DisableKeepAlives:      true, // the next request is minutes away
	}}
	if c.HTTPClient != nil {
		client = *c.HTTPClient
	}
	// Only the configured host is trusted.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return urlSource{url: c.JWKSURL, client: &client}, nil
}

// checkURL accepts https, and http on this machine. It accepts http on other
// hosts only if allowHTTP is set, because anyone who can modify the key set in
// transit can sign tokens.
func checkURL(u *url.URL, allowHTTP bool) error {
	switch {
	case u.User != nil:
		return errors.New("JWKS URL must not contain a password")
	case u.Scheme == "https", u.Scheme == "http" && (allowHTTP || !exposed(u)):
		return nil
	case allowHTTP:
		return errors.New("JWKS URL must be https or http")
	}
	return errors.New("JWKS URL must be https, or http from a loopback host")
}

// exposed reports whether a response from u crosses a network in plain text.
func exposed(u *url.URL) bool { return u.Scheme == "http" && !loopback(u.Hostname()) }

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

type urlSource struct {
	url    string
	client *http.Client
}

func (s urlSource) read(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, errors.New("fetch key set: malformed URL")
	}
	req.Header.Set("Accept", acceptedContent)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch key set: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	switch code := resp.StatusCode; {
	case code >= 300 && code <= 399:
		return nil, fmt.Errorf("fetch key set: status %d, and redirects are not followed", code)
	case code != http.StatusOK:
		return nil, fmt.Errorf("fetch key set: status %d", code)
	}
	return readBounded(resp.Body)
}

// withoutURL removes the URL from err, because its query may contain a credential.
func withoutURL(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

type fileSource string

func (s fileSource) read(context.Context) ([]byte, error) {
	// Opening a pipe would block until it has a writer.
	if info, err := os.Stat(string(s)); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("read key set: not a regular file")
	}
	file, err := os.Open(string(s))
	if err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	defer file.Close()
	return readBounded(file)
}

func readBounded(r io.Reader) ([]byte, error) {
	document, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read key set: %w", err)
	case len(document) > maxDocument:
		return nil, errors.New("key set is longer than 1 MiB")
	}
	return document, nil
}
