package client

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

const verifyPath = "internal/v1/api-keys/verify"

// endpointOf returns the URL that questions go to. No error quotes the base,
// in which a password may stand by mistake.
func endpointOf(base string, plaintext bool) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("client: BaseURL must be https://host, or http://host on loopback")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("client: BaseURL must have no user, query or fragment")
	}
	if u.Scheme == "http" && !plaintext && !isLoopback(u.Hostname()) {
		return "", errors.New("client: BaseURL sends secrets in the clear: use https, or set AllowPlaintext")
	}
	return u.JoinPath(verifyPath).String(), nil
}

// isLoopback takes the name localhost for loopback (RFC 6761 section 6.3).
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
