package webhooks

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func TestGuard_PermitsOnlyTheInternetOnTwoPorts(t *testing.T) {
	t.Parallel()
	judge := guard(internet(), domain.PublicAddr)
	for address, want := range map[string]bool{
		"1.1.1.1:443": true, "1.1.1.1:8443": true, "[2606:4700::1111]:443": true,
		"1.1.1.1:80": false, "1.1.1.1:22": false, "1.1.1.1:0": false, "[2606:4700::1111]:8080": false,
		"127.0.0.1:443": false, "10.0.0.1:443": false, "172.16.3.4:443": false, "192.168.0.1:443": false, "100.64.0.1:443": false,
		"169.254.169.254:443": false, "168.63.129.16:443": false, "192.0.0.192:443": false, "0.0.0.0:443": false, "224.0.0.1:443": false, "255.255.255.255:443": false,
		"[::]:443": false, "[::1]:443": false, "[fe80::1%eth0]:443": false, "[fd00:ec2::254]:443": false, "[ff02::1]:443": false,
		"[::ffff:127.0.0.1]:443": false, "[::ffff:1.1.1.1]:443": false, "[64:ff9b::a00:1]:443": false, "[64:ff9b:1::1]:443": false, "[2002:7f00:1::]:443": false, "[2001::1]:443": false,
		"localhost:443": false, "": false,
	} {
		if err := judge("tcp", address, nil); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		} else if err != nil && !errors.Is(err, errForbidden) {
			t.Errorf("%q: the error %v does not say that it is forbidden", address, err)
		}
	}
}

func TestGuard_BothJudgesMustAgree(t *testing.T) {
	t.Parallel()
	library := internet()
	judge := guard(library, domain.PublicAddr)
	rapid.Check(t, func(r *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(r, "address")
		if rapid.Bool().Draw(r, "global unicast") {
			raw[0] = 0x20
		}
		addr := netip.AddrFrom16([16]byte(raw))
		if rapid.Bool().Draw(r, "IPv4") {
			addr = netip.AddrFrom4([4]byte(raw[:4]))
		}
		to := netip.AddrPortFrom(addr, 443)
		if want := library(to) == nil && domain.PublicAddr(addr); (judge("tcp", to.String(), nil) == nil) != want {
			r.Fatalf("%s is permitted: %v", to, !want)
		}
		if library(to) == nil && !domain.PublicAddr(addr) && addr != netip.MustParseAddr("168.63.129.16") {
			r.Fatalf("only ours refuses %s", to)
		}
		if library(to) != nil && domain.PublicAddr(addr) {
			r.Fatalf("only the library refuses %s", to)
		}
	})
}

// nameserver is a DNS server, whose answers may change from one look-up to the next.
type nameserver struct {
	mu      sync.Mutex
	answers [][]netip.Addr // of the look-ups to come; the last one stays
}

// resolver returns a resolver that asks only this server.
func (n *nameserver) resolver(t testing.TB) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { n.serve(conn) })
	t.Cleanup(func() { _ = conn.Close(); serving.Wait() })
	var dialer net.Dialer
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (n *nameserver) serve(conn net.PacketConn) {
	buffer := make([]byte, 4096)
	for {
		size, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var query dnsmessage.Message
		if query.Unpack(buffer[:size]) != nil || len(query.Questions) != 1 {
			continue
		}
		answer := n.answer(query)
		if packed, err := answer.Pack(); err == nil {
			_, _ = conn.WriteTo(packed, from)
		}
	}
}

// answer answers a query with those of the current addresses that have its type. A
// look-up queries for A and AAAA records at the same time.
func (n *nameserver) answer(query dnsmessage.Message) dnsmessage.Message {
	n.mu.Lock()
	defer n.mu.Unlock()
	question := query.Questions[0]
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true}, Questions: query.Questions}
	for _, addr := range n.answers[0] {
		header := dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: question.Class}
		switch {
		case question.Type == dnsmessage.TypeA && addr.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case question.Type == dnsmessage.TypeAAAA && addr.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return m
}

// next moves on to the next answer.
func (n *nameserver) next() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.answers) > 1 {
		n.answers = n.answers[1:]
	}
}

// dialled records the addresses that the guard permits, and makes no connection.
type dialled struct {
	mu        sync.Mutex
	permitted []string
	refused   int
}

var errNotHere = errors.New("tests do not dial the internet")

func (d *dialled) control(network, address string, c syscall.RawConn) error {
	err := guard(internet(), domain.PublicAddr)(network, address, c)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.refused++
		return err
	}
	d.permitted = append(d.permitted, address)
	return errNotHere
}

func (d *dialled) addresses() ([]string, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.permitted), d.refused
}

func dueTo(url string) ports.DueDelivery {
	return ports.DueDelivery{ID: "dlv_1", Webhook: "wh_1", URL: url, Body: []byte(`{}`)}
}

var oneSecret = []domain.WebhookSecret{domain.WebhookSecretOf(make([]byte, 32))}

func TestAttempt_JudgesTheAddressAgainAfterEachLookUp(t *testing.T) {
	t.Parallel()
	names := &nameserver{answers: [][]netip.Addr{{netip.MustParseAddr("1.1.1.1")}, {netip.MustParseAddr("127.0.0.1")}}}
	seen := &dialled{}
	s := New(Options{Now: time.Now, Resolver: names.resolver(t), control: seen.control})
	first := s.attempt(t.Context(), dueTo("https://rebinding.test/hook"), oneSecret)
	names.next()
	second := s.attempt(t.Context(), dueTo("https://rebinding.test/hook"), oneSecret)
	if first.result != resultUnreachable || second.result != resultForbidden {
		t.Errorf("the results are %s (%v) and %s (%v)", first.result, first.err, second.result, second.err)
	}
	if permitted, refused := seen.addresses(); len(permitted) != 1 || permitted[0] != "1.1.1.1:443" || refused != 1 {
		t.Errorf("%v were dialled, %d refused", permitted, refused)
	}
}

func TestAttempt_DialsNoForbiddenAddressOfAName(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"127.0.0.1", "10.1.2.3", "169.254.169.254", "168.63.129.16", "100.100.100.200", "0.0.0.0", "224.0.0.1",
		"::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "fd00:ec2::254", "fe80::1", "ff02::1",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			names := &nameserver{answers: [][]netip.Addr{{netip.MustParseAddr(text)}}}
			seen := &dialled{}
			s := New(Options{Now: time.Now, Resolver: names.resolver(t), control: seen.control})
			got := s.attempt(t.Context(), dueTo("https://inside.test:8443/hook"), oneSecret)
			if permitted, refused := seen.addresses(); got.result != resultForbidden || len(permitted) != 0 || refused == 0 {
				t.Errorf("the result is %s (%v); %v were dialled", got.result, got.err, permitted)
			}
		})
	}
}

func TestAttempt_DialsOnlyThePublicAddressesOfAName(t *testing.T) {
	t.Parallel()
	names := &nameserver{answers: [][]netip.Addr{{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("1.1.1.1"), netip.MustParseAddr("2606:4700::1111"), netip.MustParseAddr("::1")}}}
	seen := &dialled{}
	s := New(Options{Now: time.Now, Resolver: names.resolver(t), control: seen.control})
	s.attempt(t.Context(), dueTo("https://both.test/"), oneSecret)
	permitted, _ := seen.addresses()
	for _, address := range permitted {
		if address != "1.1.1.1:443" && address != "[2606:4700::1111]:443" {
			t.Errorf("%s was dialled", address)
		}
	}
	if len(permitted) == 0 {
		t.Error("nothing was dialled")
	}
}

// FuzzAttempt_NeverDialsInside checks that only addresses of the internet are dialled,
// and only on two ports, whatever URL a webhook has and whatever its name resolves to.
func FuzzAttempt_NeverDialsInside(f *testing.F) {
	inside := []byte{127, 0, 0, 1}
	for _, url := range []string{
		"https://example.com/", "https://127.0.0.1/", "https://[::1]:8443/", "https://127.1/", "https://0x7f000001/", "https://2130706433/", "https://[::ffff:127.0.0.1]/",
		"https://localhost/", "https://localhost./", "https://LOCALHOST/", "https://a@127.0.0.1/", "https://example.com:443@127.0.0.1/", "https://127.0.0.1%2f@example.com/",
		"https://①②⑦.⓪.⓪.①/", "https://127.0.0.1.nip.io/", "https://[fe80::1%25lo]/", "https://example.com:0443/", "https://example.com:22/", "http://example.com/", "https:example.com", "//example.com",
	} {
		f.Add(url, inside)
	}
	names := &nameserver{answers: [][]netip.Addr{nil}}
	resolver := names.resolver(f)
	f.Fuzz(func(t *testing.T, url string, answer []byte) {
		addr, ok := netip.AddrFromSlice(answer)
		if _, faults := (domain.WebhookRules{}).ParseURL(url); faults != nil || !ok {
			return
		}
		names.mu.Lock()
		names.answers = [][]netip.Addr{{addr}}
		names.mu.Unlock()
		seen := &dialled{}
		s := New(Options{Now: time.Now, Resolver: resolver, control: seen.control})
		got := s.attempt(t.Context(), dueTo(url), oneSecret)
		if got.result == resultDelivered {
			t.Error("delivered without a connection")
		}
		permitted, _ := seen.addresses()
		for _, address := range permitted {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !domain.PublicAddr(to.Addr()) || to.Port() != 443 && to.Port() != 8443 {
				t.Errorf("%s was dialled", address)
			}
		}
	})
}
