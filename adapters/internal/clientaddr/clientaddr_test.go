package clientaddr

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name      string
		peer      string
		forwarded []string
		trusted   []netip.Prefix
		want      string // empty: unknown
	}{
		{name: "the peer counts when no proxy is trusted", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7"}, want: "10.0.0.1"},
		{name: "a stranger may not speak for another", peer: "198.51.100.1:99", forwarded: []string{"203.0.113.7"}, trusted: proxies, want: "198.51.100.1"},
		{name: "a trusted proxy speaks for its client", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7"}, trusted: proxies, want: "203.0.113.7"},
		{name: "the right-most untrusted entry counts", peer: "10.0.0.1:99", forwarded: []string{"192.0.2.66, 203.0.113.7, 10.2.3.4"}, trusted: proxies, want: "203.0.113.7"},
		{name: "all lines are one list", peer: "10.0.0.1:99", forwarded: []string{"192.0.2.66", "203.0.113.7", "10.2.3.4"}, trusted: proxies, want: "203.0.113.7"},
		{name: "an entry that is no address makes the client unknown", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7, nonsense"}, trusted: proxies},
		{name: "unreadable entries left of the client do not matter", peer: "10.0.0.1:99", forwarded: []string{"nonsense, 203.0.113.7"}, trusted: proxies, want: "203.0.113.7"},
		{name: "an entry may have a port", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7:51008"}, trusted: proxies, want: "203.0.113.7"},
		{name: "a proxy's entry may have a port", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7:51008, 10.0.0.9:80"}, trusted: proxies, want: "203.0.113.7"},
		{name: "an entry may have brackets", peer: "10.0.0.1:99", forwarded: []string{"[2001:db8::1]"}, trusted: proxies, want: "2001:db8::1"},
		{name: "an entry may have brackets and a port", peer: "10.0.0.1:99", forwarded: []string{"[2001:db8::1]:443"}, trusted: proxies, want: "2001:db8::1"},
		{name: "a trailing comma is skipped", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7,"}, trusted: proxies, want: "203.0.113.7"},
		{name: "empty entries are skipped", peer: "10.0.0.1:99", forwarded: []string{",203.0.113.7, ,\t, 10.0.0.9,,"}, trusted: proxies, want: "203.0.113.7"},
		{name: "empty lines are skipped", peer: "10.0.0.1:99", forwarded: []string{"", "203.0.113.7", "", " "}, trusted: proxies, want: "203.0.113.7"},
		{name: "a list of nothing leaves the proxy as the client", peer: "10.0.0.1:99", forwarded: []string{",", ""}, trusted: proxies, want: "10.0.0.1"},
		{name: "a proxy that forwards nothing is itself the client", peer: "10.0.0.1:99", trusted: proxies, want: "10.0.0.1"},
		{name: "a list of proxies begins with the client", peer: "10.0.0.1:99", forwarded: []string{"10.0.0.3, 10.0.0.2"}, trusted: proxies, want: "10.0.0.3"},
		{name: "a mapped peer is the IPv4 address it stands for", peer: "[::ffff:10.0.0.1]:99", forwarded: []string{"203.0.113.7"}, trusted: proxies, want: "203.0.113.7"},
		{name: "a mapped entry is the IPv4 address it stands for", peer: "10.0.0.1:99", forwarded: []string{"[::ffff:203.0.113.7]:80"}, trusted: proxies, want: "203.0.113.7"},
		{name: "a mapped proxy is trusted", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7, ::ffff:10.0.0.2"}, trusted: proxies, want: "203.0.113.7"},
		{name: "a zone is local to the host and left out", peer: "[fd00::1%eth0]:99", forwarded: []string{"fe80::7%eth1"}, trusted: proxies, want: "fe80::7"},
		{name: "IPv6 throughout", peer: "[fd00::1]:99", forwarded: []string{"2001:db8::7, fd00::2"}, trusted: proxies, want: "2001:db8::7"},
		{name: "more hops than anyone has make the client unknown", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7" + strings.Repeat(",10.0.0.2", 50)}, trusted: proxies},
		{name: "more empty entries than anyone has make the client unknown", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7" + strings.Repeat(",", 50)}, trusted: proxies},
		{name: "a peer may come without its port", peer: "203.0.113.7", want: "203.0.113.7"},
		{name: "a trusted peer may come without its port", peer: "10.0.0.1", forwarded: []string{"203.0.113.7"}, trusted: proxies, want: "203.0.113.7"},
		{name: "an IPv6 peer may come without its port", peer: "2001:db8::7", want: "2001:db8::7"},
		{name: "a peer that is no address is unknown", peer: "@"},
		{name: "a peer that is unknown may not speak for another", peer: "@", forwarded: []string{"203.0.113.7"}, trusted: proxies},
		{name: "no peer is unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var want netip.Addr
			if tt.want != "" {
				want = netip.MustParseAddr(tt.want)
			}
			if got := Of(tt.peer, tt.forwarded, tt.trusted); got != want {
				t.Errorf("Of() = %v, want %v", got, want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // "": no address
		"203.0.113.7":              "203.0.113.7",
		" 203.0.113.7\t":           "203.0.113.7",
		"203.0.113.7:51008":        "203.0.113.7",
		"2001:db8::1":              "2001:db8::1",
		"[2001:db8::1]":            "2001:db8::1",
		"[2001:db8::1]:443":        "2001:db8::1",
		"2001:db8::1:443":          "2001:db8::1:443", // without brackets the last group is no port
		"[fe80::1%eth0]:443":       "fe80::1",
		"::ffff:203.0.113.7":       "203.0.113.7",
		"[::ffff:203.0.113.7]":     "203.0.113.7",
		"[::ffff:203.0.113.7]:80":  "203.0.113.7",
		"":                         "",
		"unknown":                  "",
		"localhost:80":             "",
		"@":                        "",
		"203.0.113":                "",
		"203.0.113.07":             "",
		"203.0.113.7:":             "",
		"203.0.113.7:http":         "",
		"203.0.113.7:65536":        "",
		"203.0.113.7:80:80":        "",
		"203.0.113.7/32":           "",
		"[203.0.113.7]":            "",
		"[203.0.113.7]:80":         "",
		"[2001:db8::1":             "",
		"2001:db8::1]":             "",
		"[[2001:db8::1]]":          "",
		"[2001:db8::1]443":         "",
		"[]":                       "",
		"[]:80":                    "",
		"203.0.113.7 198.51.100.1": "",
		`"[2001:db8::1]:443"`:      "",
		"fe80::1%":                 "",
		"203.0.113.7\u00a0":        "",
	}
	for text, want := range tests {
		got, ok := Parse(text)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("Parse(%q) = %v, %v, want %q", text, got, ok, want)
		}
	}
}

// FuzzOf checks that Of never invents an address, never trusts a header of a stranger,
// and returns only addresses in the form in which whitelists are compared.
func FuzzOf(f *testing.F) {
	f.Add("10.0.0.1:99", "203.0.113.7:51008, 10.0.0.2", "")
	f.Add("10.0.0.1", "[2001:db8::1]:443,", ",")
	f.Add("[fd00::1%eth0]:1", "::ffff:203.0.113.7", "[::1]")
	f.Add("@", "203.0.113.7", "unknown")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	f.Fuzz(func(t *testing.T, peer, first, second string) {
		got := Of(peer, []string{first, second}, trusted)
		if got.Zone() != "" || got.Is4In6() {
			t.Fatalf("Of() = %v, which no whitelist contains", got)
		}
		from, known := Parse(peer)
		switch {
		case !known && got.IsValid():
			t.Fatalf("Of() = %v of an unknown peer", got)
		case known && !isTrusted(from, trusted) && got != from:
			t.Fatalf("Of() = %v of %v, which is not trusted", got, from)
		}
		if got.IsValid() && got != from && !written(got, first, second) {
			t.Fatalf("Of() = %v, which nobody wrote", got)
		}
		if joined := Of(peer, []string{first + "," + second}, trusted); joined != got {
			t.Fatalf("Of() = %v in two lines, %v in one", got, joined)
		}
	})
}

// written reports whether one of the entries of lines is addr.
func written(addr netip.Addr, lines ...string) bool {
	for entry := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if a, ok := Parse(entry); ok && a == addr {
			return true
		}
	}
	return false
}

// FuzzParse checks that Parse accepts every address that netip accepts, and reads back
// what netip prints for its results.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"203.0.113.7", "203.0.113.7:80", "[2001:db8::1]:443", "[2001:db8::1]", "fe80::1%eth0", "[", "]:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := Parse(text)
		if ok != got.IsValid() {
			t.Fatalf("Parse(%q) = %v, %v", text, got, ok)
		}
		if !ok {
			if addr, err := netip.ParseAddr(text); err == nil {
				t.Fatalf("Parse(%q) found none, netip %v", text, addr)
			}
			return
		}
		for _, form := range []string{got.String(), netip.AddrPortFrom(got, 443).String()} {
			if again, ok := Parse(form); !ok || again != got {
				t.Fatalf("Parse(%q) = %v, %v, want %v", form, again, ok, got)
			}
		}
	})
}
