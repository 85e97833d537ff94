package client

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

const verifyPath = "internal/v1/api-keys/verify"

// endpointOf returns the URL that checks are sent to.
func endpointOf(base string, plaintext bool) (string, error) {
	u, err := baseURL(base, plaintext)
	if err != nil {
		return "", err
	}
	return u.JoinPath(verifyPath).String(), nil
}

// baseURL parses the URL of a listener. No error quotes base, which may contain a
// password by mistake.
func baseURL(base string, plaintext bool) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("client: BaseURL must be https://host, or http://host on loopback")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("client: BaseURL must have no user, query or fragment")
	}
	if u.Scheme == "http" && !plaintext && !isLoopback(u.Hostname()) {
		return nil, errors.New("client: BaseURL would send secrets in plain text: use https, or set AllowPlaintext")
	}
	return u, nil
}

// isLoopback reports whether host is a loopback address or the name localhost
// (RFC 6761 section 6.3).
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
