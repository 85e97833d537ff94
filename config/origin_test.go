package config_test

import (
	"strings"
	"testing"
)

func TestValidate_AcceptsOriginsAsBrowsersSendThem(t *testing.T) {
	t.Parallel()
	c := valid()
	c.CORSOrigins = []string{
		"https://portal.example", "https://portal.example:8443", "http://localhost:3000", "http://127.0.0.1:5173",
		"https://[2001:db8::1]:8443", "https://xn--bcher-kva.example", "https://a_b.example",
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate_RejectsAnOrigin(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ origin, want string }{
		"that is a wildcard":          {"*", "has a wildcard"},
		"with a wildcard":             {"https://*.portal.example", "has a wildcard"},
		"that is null":                {"null", "is not an origin"},
		"that is empty":               {"", "is not an origin"},
		"without a scheme":            {"portal.example", "is not an origin"},
		"of another scheme":           {"ftp://portal.example", "is not an origin"},
		"that is no URL":              {"https://portal example", "is not an origin"},
		"with a slash at the end":     {"https://portal.example/", "has more than scheme, host and port; write https://portal.example"},
		"with a path":                 {"https://portal.example/app", "has more than"},
		"with a query":                {"https://portal.example?a", "has more than"},
		"with a fragment":             {"https://portal.example#a", "has more than"},
		"with a user":                 {"https://user@portal.example", "has more than"},
		"with a scheme in capitals":   {"HTTPS://portal.example", "has more than"},
		"with a host in capitals":     {"https://Portal.example", "has a host that no browser sends"},
		"with a host beyond ASCII":    {"https://b\u00fccher.example", "has a host that no browser sends"},
		"with the default port":       {"https://portal.example:443", "has the default port"},
		"with http's default port":    {"http://portal.example:80", "has the default port"},
		"with an empty port":          {"https://portal.example:", "has a port that no browser sends"},
		"with a port of zeros":        {"https://portal.example:08443", "has a port that no browser sends"},
		"with a port that is too big": {"https://portal.example:65536", "has a port that no browser sends"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.CORSOrigins = []string{"https://other.example", tc.origin}
			err := c.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), "APIKEYS_CORS_ORIGINS: ") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Validate() = %v, want a fault that %s", err, tc.want)
			}
		})
	}
}

// FuzzOrigins checks that whatever is accepted is a single origin in its canonical
// form.
func FuzzOrigins(f *testing.F) {
	for _, seed := range []string{"https://portal.example", "http://localhost:3000", "https://*", "https://[::1]:1", "null"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, origin string) {
		c := valid()
		c.CORSOrigins = []string{origin}
		if c.Validate() != nil {
			return
		}
		scheme, rest, _ := strings.Cut(origin, "://")
		if scheme != "https" && scheme != "http" || rest == "" || strings.ContainsAny(rest, "/?#@*, \\") || origin != strings.ToLower(origin) {
			t.Errorf("%q is accepted", origin)
		}
	})
}
