package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestClientAddr(t *testing.T) {
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
		{name: "an entry that cannot be read makes the address unknown", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7, nonsense"}, trusted: proxies},
		{name: "an empty entry makes the address unknown", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7,"}, trusted: proxies},
		{name: "an entry with a port makes the address unknown", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7:80"}, trusted: proxies},
		{name: "unreadable entries left of the client do not matter", peer: "10.0.0.1:99", forwarded: []string{"nonsense, 203.0.113.7"}, trusted: proxies, want: "203.0.113.7"},
		{name: "a proxy that forwards nothing is itself the client", peer: "10.0.0.1:99", trusted: proxies, want: "10.0.0.1"},
		{name: "a mapped peer is the IPv4 address it stands for", peer: "[::ffff:10.0.0.1]:99", forwarded: []string{"203.0.113.7"}, trusted: proxies, want: "203.0.113.7"},
		{name: "a mapped entry is the IPv4 address it stands for", peer: "10.0.0.1:99", forwarded: []string{"::ffff:203.0.113.7"}, trusted: proxies, want: "203.0.113.7"},
		{name: "IPv6 throughout", peer: "[fd00::1]:99", forwarded: []string{"2001:db8::7, fd00::2"}, trusted: proxies, want: "2001:db8::7"},
		{name: "more hops than anyone has make the address unknown", peer: "10.0.0.1:99", forwarded: []string{"203.0.113.7" + strings.Repeat(",10.0.0.2", 50)}, trusted: proxies},
		{name: "a peer that is no address is unknown", peer: "@"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.forwarded
			want := addrOf(tt.want)
			if got := clientAddr(r, tt.trusted); got != want {
				t.Errorf("clientAddr() = %v, want %v", got, want)
			}
		})
	}
}

func TestNeighbourhood(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		one, two string // empty: unknown
		together bool
	}{
		{name: "an address is its own", one: "203.0.113.7", two: "203.0.113.7", together: true},
		{name: "IPv4 neighbours are strangers", one: "203.0.113.7", two: "203.0.113.8"},
		{name: "one /64 is one host", one: "2001:db8::1", two: "2001:db8::ffff:ffff:ffff:ffff", together: true},
		{name: "the next /64 is a stranger", one: "2001:db8::1", two: "2001:db8:0:1::1"},
		{name: "who is unknown is counted with the other unknown", together: true},
		{name: "who is unknown is nobody who is known", one: "0.0.0.0"},
		{name: "IPv4 is not the IPv6 of the same bits", one: "::", two: "0.0.0.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one, two := neighbourhood(addrOf(tt.one)), neighbourhood(addrOf(tt.two))
			if (one == two) != tt.together {
				t.Errorf("they are counted under %q and %q", one, two)
			}
		})
	}
}

// addrOf returns the zero address for an empty text.
func addrOf(text string) netip.Addr {
	if text == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(text)
}
