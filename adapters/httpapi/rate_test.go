package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddr_ReadsAllLinesOfXForwardedFor(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:99"
	r.Header["X-Forwarded-For"] = []string{"192.0.2.66, [2001:db8::7]:443", "10.0.0.2:80,"}
	want := addrOf("2001:db8::7")
	if got := clientAddr(r, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}); got != want {
		t.Errorf("clientAddr() = %v, want %v", got, want)
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
