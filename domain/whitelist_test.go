package domain_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

func TestParseIPRange_ReturnsTheCanonicalForm(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"an IPv4 address":              {"192.168.1.7", "192.168.1.7"},
		"an IPv4 range":                {"192.168.1.0/24", "192.168.1.0/24"},
		"a range of one address":       {"10.0.0.1/32", "10.0.0.1/32"},
		"every IPv4 address":           {"0.0.0.0/0", "0.0.0.0/0"},
		"an IPv6 address":              {"2001:db8::1", "2001:db8::1"},
		"an IPv6 address in full":      {"2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
		"an IPv6 range":                {"2001:DB8::/32", "2001:db8::/32"},
		"every IPv6 address":           {"::/0", "::/0"},
		"an IPv6 range of one address": {"::1/128", "::1/128"},
		"an IPv4-mapped address":       {"::ffff:192.168.1.7", "192.168.1.7"},
		"an IPv4-mapped one in hex":    {"::ffff:c0a8:107", "192.168.1.7"},
		"IPv6 with IPv4 at its end":    {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
		"the unspecified address":      {"0.0.0.0", "0.0.0.0"},
		"the longest run of zeros":     {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := domain.ParseIPRange(tc.in)
			wantFaults(t, faults, nil)
			if got.String() != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestParseIPRange_RejectsTheRest(t *testing.T) {
	t.Parallel()
	format := rejected(domain.ReasonFormat, domain.RuleIPFormat)
	zone := rejected(domain.ReasonFormat, domain.RuleIPZone)
	mapped := rejected(domain.ReasonFormat, domain.RuleIPMapped)
	hostBits := func(canonical string) domain.Faults {
		return domain.Faults{{
			Reason: domain.ReasonHostBits,
			Rule:   domain.RuleIPHostBits,
			Args:   map[string]string{"Canonical": canonical},
		}}
	}
	for name, tc := range map[string]struct {
		in   string
		want domain.Faults
	}{
		"empty":                              {"", format},
		"a host name":                        {"localhost", format},
		"white space around":                 {" 192.168.1.7", format},
		"a line end":                         {"192.168.1.7\n", format},
		"a port":                             {"192.168.1.7:80", format},
		"brackets":                           {"[2001:db8::1]", format},
		"three parts":                        {"192.168.1", format},
		"five parts":                         {"192.168.1.7.1", format},
		"a part above 255":                   {"192.168.1.256", format},
		"a leading zero":                     {"192.168.01.7", format},
		"hexadecimal parts":                  {"0xC0.0xA8.1.7", format},
		"one number":                         {"3232235783", format},
		"a range with a hyphen":              {"192.168.1.1-192.168.1.9", format},
		"a netmask":                          {"192.168.1.0/255.255.255.0", format},
		"a wildcard":                         {"192.168.1.*", format},
		"no prefix length":                   {"192.168.1.0/", format},
		"a prefix length above 32":           {"192.168.1.0/33", format},
		"a prefix length above 128":          {"2001:db8::/129", format},
		"a negative prefix length":           {"192.168.1.0/-1", format},
		"a prefix length with a sign":        {"192.168.1.0/+24", format},
		"a prefix length with leading zero":  {"192.168.1.0/024", format},
		"two prefix lengths":                 {"192.168.1.0/24/24", format},
		"NUL":                                {"192.168.1.7\x00", format},
		"full-width digits":                  {"１92.168.1.7", format},
		"a zone":                             {"fe80::1%eth0", zone},
		"a zone in a range":                  {"fe80::%eth0/64", zone},
		"an empty zone":                      {"fe80::1%", zone},
		"a zone on a mapped address":         {"::ffff:1.2.3.4%eth0", zone},
		"a range of mapped addresses":        {"::ffff:192.168.1.0/120", mapped},
		"every mapped address":               {"::ffff:0.0.0.0/96", mapped},
		"a mapped range of one address":      {"::ffff:192.168.1.7/128", mapped},
		"host bits in IPv4":                  {"192.168.1.5/24", hostBits("192.168.1.0/24")},
		"host bits in a range of everything": {"10.0.0.1/0", hostBits("0.0.0.0/0")},
		"the last host bit":                  {"192.168.1.1/31", hostBits("192.168.1.0/31")},
		"host bits in IPv6":                  {"2001:DB8::1/32", hostBits("2001:db8::/32")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := domain.ParseIPRange(tc.in)
			wantFaults(t, faults, tc.want)
			if got != (domain.IPRange{}) {
				t.Errorf("got %s and faults", got)
			}
		})
	}
}

// FuzzParseIPRange checks that the canonical form parses to the same range, and
// that the canonical form suggested for host bits is accepted.
func FuzzParseIPRange(f *testing.F) {
	for _, s := range []string{"192.168.1.7", "192.168.1.5/24", "2001:DB8::/32", "::ffff:1.2.3.4", "::ffff:1.2.3.0/120", "fe80::1%eth0", "1.2.3.4/032"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, faults := domain.ParseIPRange(s)
		if faults == nil {
			if again, faults := domain.ParseIPRange(r.String()); faults != nil || again != r {
				t.Fatalf("%q became %s, and that %s, %v", s, r, again, faults)
			}
			return
		}
		if r != (domain.IPRange{}) || len(faults) != 1 {
			t.Fatalf("%q: %s and %v", s, r, faults)
		}
		if faults[0].Rule == domain.RuleIPHostBits {
			canonical := faults[0].Args["Canonical"]
			if fixed, faults := domain.ParseIPRange(canonical); faults != nil || fixed.String() != canonical {
				t.Fatalf("%q: the suggested form %q is rejected: %v", s, canonical, faults)
			}
		}
	})
}

func TestNewIPWhitelist_RemovesDuplicates(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want []string }{
		"an address and its range of one":  {[]string{"10.0.0.1", "10.0.0.1/32"}, []string{"10.0.0.1"}},
		"a range of one and its address":   {[]string{"10.0.0.1/32", "10.0.0.1"}, []string{"10.0.0.1/32"}},
		"an address and its mapped form":   {[]string{"::ffff:10.0.0.1", "10.0.0.1"}, []string{"10.0.0.1"}},
		"two spellings of one IPv6 range":  {[]string{"2001:DB8::/32", "2001:db8:0::/32"}, []string{"2001:db8::/32"}},
		"ranges of different lengths stay": {[]string{"10.0.0.0/8", "10.0.0.0/16"}, []string{"10.0.0.0/8", "10.0.0.0/16"}},
		"the order is kept":                {[]string{"10.0.0.2", "10.0.0.1", "10.0.0.2"}, []string{"10.0.0.2", "10.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, textsOf(newWhitelist(t, tc.in...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func textsOf(w domain.IPWhitelist) []string {
	var out []string
	for _, r := range w.Ranges() {
		out = append(out, r.String())
	}
	return out
}

func TestNewIPWhitelist_AcceptsAtMost100DistinctEntries(t *testing.T) {
	t.Parallel()
	var ranges []domain.IPRange
	for i := range domain.MaxIPRanges + 1 {
		r, faults := domain.ParseIPRange(fmt.Sprintf("10.0.0.%d", i))
		wantFaults(t, faults, nil)
		ranges = append(ranges, r)
	}
	hundred := ranges[:domain.MaxIPRanges]
	if _, faults := domain.NewIPWhitelist(slices.Concat(hundred, hundred)...); faults != nil {
		t.Errorf("100 entries, each twice: %v", faults)
	}
	_, faults := domain.NewIPWhitelist(ranges...)
	wantFaults(t, faults, rejected(domain.ReasonTooMany, domain.RuleIPTooMany))
}

func TestIPWhitelist_SharesNoMemory(t *testing.T) {
	t.Parallel()
	list := newWhitelist(t, "10.0.0.1", "10.0.0.2")
	list.Ranges()[0] = domain.IPRange{}
	if diff := cmp.Diff([]string{"10.0.0.1", "10.0.0.2"}, textsOf(list)); diff != "" {
		t.Error(diff)
	}
}

func TestIPWhitelistAdmits(t *testing.T) {
	t.Parallel()
	listed := newWhitelist(t, "10.1.0.0/16", "192.168.1.7", "2001:db8::/32")
	for name, tc := range map[string]struct {
		list domain.IPWhitelist
		addr string
		want bool
	}{
		"an address in a range":                   {listed, "10.1.255.255", true},
		"an address listed":                       {listed, "192.168.1.7", true},
		"an IPv6 address in a range":              {listed, "2001:db8:ffff::1", true},
		"an IPv4-mapped address in an IPv4 range": {listed, "::ffff:10.1.0.1", true},
		"an address next to a range":              {listed, "10.2.0.0", false},
		"an address next to the listed one":       {listed, "192.168.1.8", false},
		"an IPv6 address elsewhere":               {listed, "2001:db9::1", false},
		"an IPv4-mapped address elsewhere":        {listed, "::ffff:10.2.0.1", false},
		"an address with a zone":                  {listed, "2001:db8::1%eth0", false},
		"a mapped address with a zone":            {listed, "::ffff:10.1.0.1%eth0", false},
		"an unknown address":                      {listed, "", false},
		"IPv4 if all IPv6 is listed":              {newWhitelist(t, "::/0"), "10.1.0.1", false},
		"mapped IPv4 if all IPv6 is listed":       {newWhitelist(t, "::/0"), "::ffff:10.1.0.1", false},
		"IPv6 if all IPv4 is listed":              {newWhitelist(t, "0.0.0.0/0"), "::1", false},
		"any address without a restriction":       {newWhitelist(t), "203.0.113.1", true},
		"an unknown one without a restriction":    {newWhitelist(t), "", true},
		"any address for the zero value":          {domain.IPWhitelist{}, "203.0.113.1", true},
		"any address, unreadable list":            {domain.UnreadableIPWhitelist(), "10.1.0.1", false},
		"an unknown address, unreadable list":     {domain.UnreadableIPWhitelist(), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var addr netip.Addr
			if tc.addr != "" {
				addr = netip.MustParseAddr(tc.addr)
			}
			if got := tc.list.Admits(addr); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// The model compares the bits of the address with those of each entry.
func TestIPWhitelistAdmits_MatchesTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(prefixes(), 1, 8).Draw(t, "entries")
		addr := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.ByteRange(0, 3), 4, 4).Draw(t, "addr")))
		var texts []string
		want := false
		for _, p := range entries {
			texts = append(texts, p.String())
			want = want || sameBits(p.Addr(), addr, p.Bits())
		}
		list := newWhitelist(t, texts...)
		if got := list.Admits(addr); got != want {
			t.Fatalf("%q admits %s: %v, want %v", texts, addr, got, want)
		}
		if got := list.Admits(netip.AddrFrom16(addr.As16())); got != want {
			t.Fatalf("%q admits the mapped form of %s: %v, want %v", texts, addr, got, want)
		}
	})
}

func prefixes() *rapid.Generator[netip.Prefix] {
	return rapid.Custom(func(t *rapid.T) netip.Prefix {
		addr := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.ByteRange(0, 3), 4, 4).Draw(t, "base")))
		return netip.PrefixFrom(addr, rapid.IntRange(0, 32).Draw(t, "bits")).Masked()
	})
}

func sameBits(a, b netip.Addr, n int) bool {
	x, y := a.As4(), b.As4()
	for i := range n {
		if (x[i/8]^y[i/8])>>(7-i%8)&1 == 1 {
			return false
		}
	}
	return true
}
