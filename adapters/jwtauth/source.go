package jwtauth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/fetch"
)

const (
	maxDocument     = 1 << 20 // bytes of a key set
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
	return urlSource{fetch.New(c.JWKSURL, acceptedContent, maxDocument, c.HTTPClient)}, nil
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

type urlSource struct{ document fetch.Source }

func (s urlSource) read(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	document, err := s.document.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetch key set: %w", err)
	}
	return document, nil
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
	document, err := fetch.ReadAll(file, maxDocument)
	if err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	return document, nil
}
