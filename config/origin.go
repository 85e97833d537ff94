package config

import (
	"net/url"
	"strconv"
	"strings"
)

// judgeOrigin rejects wildcards, and origins that no browser sends (RFC 6454 section
// 6.2), because they would never match.
func judgeOrigin(entry string) string {
	quoted := strconv.Quote(entry)
	const form = "; write scheme://host or scheme://host:port, such as https://portal.example"
	u, err := url.Parse(entry)
	switch {
	case strings.Contains(entry, "*"):
		return quoted + " has a wildcard; list each origin"
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return quoted + " is not an origin" + form
	case u.Scheme+"://"+u.Host != entry:
		return quoted + " has more than scheme, host and port; write " + u.Scheme + "://" + strings.ToLower(u.Host)
	case !hostOfOrigin(u.Hostname()):
		return quoted + " has a host that no browser sends; write it in lower-case ASCII (Punycode for other letters)"
	case u.Port() == "443" && u.Scheme == "https", u.Port() == "80" && u.Scheme == "http":
		return quoted + " has the default port, which browsers omit; leave it out"
	case strings.HasSuffix(u.Host, ":"), strings.HasPrefix(u.Port(), "0"):
		return quoted + " has a port that no browser sends" + form
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || n == 0) {
		return quoted + " has a port that no browser sends" + form
	}
	return ""
}

// hostOfOrigin reports whether host is a name or an address in the form that
// browsers send.
func hostOfOrigin(host string) bool {
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_:") == ""
}
