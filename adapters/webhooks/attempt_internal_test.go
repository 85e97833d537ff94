package webhooks

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// receiverOf returns a server whose handler is respond.
func receiverOf(t *testing.T, respond http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(respond)
	t.Cleanup(server.Close)
	return server
}

func insecure() *Sender {
	return New(Options{Now: time.Now, Insecure: true, Logger: slog.New(slog.DiscardHandler)})
}

func TestAttempt_SendsASignedRequest(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := receiverOf(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	})
	due := dueTo(server.URL + "/hook?token=1")
	due.Body = []byte(`{"type":"api_key.created"}`)
	if a := insecure().attempt(t.Context(), due, oneSecret); a.result != resultDelivered || a.status != 200 {
		t.Fatalf("got %+v", a)
	}
	if got.Method != http.MethodPost || got.URL.String() != "/hook?token=1" || got.Header.Get("Content-Type") != "application/json" || string(body) != string(due.Body) {
		t.Errorf("the request is %s %s, %v, %s", got.Method, got.URL, got.Header, body)
	}
	public, err := standardwebhooks.NewWebhook(oneSecret[0].Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if err := public.Verify(body, got.Header); err != nil {
		t.Error(err)
	}
}

func TestAttempt_JudgesTheStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]result{
		200: resultDelivered, 202: resultDelivered, 204: resultDelivered, 299: resultDelivered,
		300: resultRejected, 301: resultRejected, 302: resultRejected, 307: resultRejected, 308: resultRejected, 304: resultRejected,
		400: resultRejected, 404: resultRejected, 429: resultRejected, 410: resultGone, 500: resultRejected, 503: resultRejected,
	} {
		server := receiverOf(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
		})
		a := insecure().attempt(t.Context(), dueTo(server.URL), oneSecret)
		if a.result != want || a.status != status {
			t.Errorf("status %d: %+v", status, a)
		}
		if want == resultRejected && a.asked != 7*time.Second {
			t.Errorf("status %d: Retry-After is %v", status, a.asked)
		}
	}
}

func TestAttempt_FollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	target := receiverOf(t, func(http.ResponseWriter, *http.Request) { followed.Store(true) })
	server := receiverOf(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
	})
	if a := insecure().attempt(t.Context(), dueTo(server.URL), oneSecret); a.result != resultRejected || a.status != 307 {
		t.Errorf("got %+v", a)
	}
	if followed.Load() {
		t.Error("the redirect was followed")
	}
}

func TestAttempt_IgnoresTheProxiesOfTheEnvironment(t *testing.T) {
	var proxied atomic.Bool
	proxy := receiverOf(t, func(http.ResponseWriter, *http.Request) { proxied.Store(true) })
	for _, variable := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(variable, proxy.URL)
	}
	names := &nameserver{answers: [][]netip.Addr{{loopback}}}
	s := New(Options{Now: time.Now, Insecure: true, Resolver: names.resolver(t)})
	if a := s.attempt(t.Context(), dueTo("http://receiver.test:1/"), oneSecret); a.result != resultUnreachable {
		t.Errorf("got %+v", a)
	}
	if proxied.Load() {
		t.Error("the proxy was used")
	}
}

func TestAttempt_ReadsLittleOfTheBody(t *testing.T) {
	t.Parallel()
	written := make(chan int, 1)
	server := receiverOf(t, func(w http.ResponseWriter, _ *http.Request) {
		total, chunk := 0, make([]byte, 32<<10)
		for total < 64<<20 {
			n, err := w.Write(chunk)
			if total += n; err != nil {
				break
			}
		}
		written <- total
	})
	if a := insecure().attempt(t.Context(), dueTo(server.URL), oneSecret); a.result != resultDelivered {
		t.Errorf("got %+v", a)
	}
	// What was written and not read is in the buffers of the sockets.
	if total := <-written; total >= 64<<20 {
		t.Errorf("%d bytes were read", total)
	}
}

func TestAttempt_RequiresTLSThatVerifies(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.StartTLS()
	t.Cleanup(server.Close)
	plain := receiverOf(t, func(http.ResponseWriter, *http.Request) {})
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	names := &nameserver{answers: [][]netip.Addr{{loopback}}}
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	for name, c := range map[string]struct {
		url   string
		roots *x509.CertPool
		want  result
	}{
		"a trusted certificate":           {server.URL, trusted, resultDelivered},
		"an untrusted certificate":        {server.URL, x509.NewCertPool(), resultUnreachable},
		"a certificate of another name":   {"https://receiver.test" + port, trusted, resultUnreachable},
		"a port without TLS":              {strings.Replace(plain.URL, "http:", "https:", 1), trusted, resultBroken},
		"a URL that has become malformed": {"https://[", trusted, resultForbidden},
		"plain http":                      {plain.URL, trusted, resultForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New(Options{Now: time.Now, Roots: c.roots, Resolver: names.resolver(t), control: anywhere})
			if a := s.attempt(t.Context(), dueTo(c.url), oneSecret); a.result != c.want {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func TestAttempt_ErrorsDoNotContainTheURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://127.0.0.1/credential", "https://[::1]:8443/credential", "https://[/credential", "https://192.0.2.1/%zzcredential"} {
		a := New(Options{Now: time.Now}).attempt(t.Context(), dueTo(url), oneSecret)
		if a.err == nil || strings.Contains(a.err.Error(), "credential") {
			t.Errorf("%s: %v", url, a.err)
		}
	}
}

// pipedTo makes the client of s connect to serve, without a network.
func pipedTo(t *testing.T, s *Sender, serve func(net.Conn)) {
	t.Helper()
	var serving sync.WaitGroup
	t.Cleanup(func() { s.client.CloseIdleConnections(); serving.Wait() })
	transport, ok := s.client.Transport.(*http.Transport)
	if !ok {
		t.Fatal("another transport")
	}
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		serving.Go(func() { serve(server) })
		return client, nil
	}
}

func TestAttempt_EndsAfter15Seconds(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(net.Conn){
		"never reads":         func(net.Conn) {},
		"never responds":      func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"drips a header":      func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\n", "X: y\r\n") },
		"repeats 102 for now": func(c net.Conn) { drip(c, "", "HTTP/1.1 102 Processing\r\n\r\n") },
	} {
		t.Run("a receiver that "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := insecure()
				pipedTo(t, s, serve)
				begun := time.Now()
				a := s.attempt(t.Context(), dueTo("http://receiver.test"), oneSecret)
				if took := time.Since(begun); took > 15*time.Second || a.result != resultTimeout && a.result != resultBroken {
					t.Errorf("got %+v after %v", a, took)
				}
			})
		})
	}
}

func TestAttempt_DoesNotWaitForTheBodyOfAResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := insecure()
		pipedTo(t, s, func(c net.Conn) { drip(c, "HTTP/1.1 204 No Content\r\n\r\n", "") })
		if a := s.attempt(t.Context(), dueTo("http://receiver.test"), oneSecret); a.result != resultDelivered {
			t.Errorf("got %+v", a)
		}
		pipedTo(t, s, func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", "x") })
		begun := time.Now()
		if a := s.attempt(t.Context(), dueTo("http://other.test"), oneSecret); a.result != resultDelivered {
			t.Errorf("got %+v", a)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("waited %v for the body", took)
		}
	})
}

// Once a connection has been switched to another protocol, no context ends a read from
// it.
func TestAttempt_TakesNoOtherProtocol(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := insecure()
		closed := make(chan struct{})
		pipedTo(t, s, func(c net.Conn) {
			defer close(closed)
			if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
		})
		begun := time.Now()
		if a := s.attempt(t.Context(), dueTo("http://receiver.test"), oneSecret); a.result != resultRejected || a.status != 101 {
			t.Errorf("got %+v", a)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("the attempt took %v", took)
		}
		<-closed // and so is the connection
	})
}

// dying is a connection that nothing gets through once it is dead.
type dying struct {
	net.Conn
	dead *atomic.Bool
}

func (d dying) Write(p []byte) (int, error) {
	if d.dead.Load() {
		return len(p), nil
	}
	return d.Conn.Write(p)
}

// piped is a listener of connections without a network.
type piped chan net.Conn

func (p piped) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p piped) Close() error   { return nil }
func (p piped) Addr() net.Addr { return &net.TCPAddr{} }

func TestAttempt_ReplacesADeadConnection(t *testing.T) {
	t.Parallel()
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	t.Cleanup(certified.Close)
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	synctest.Test(t, func(t *testing.T) {
		listener := make(piped)
		server := &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor != 2 {
					w.WriteHeader(http.StatusHTTPVersionNotSupported)
				}
			}),
			TLSConfig: &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}},
			ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
		}
		go func() { _ = server.ServeTLS(listener, "", "") }()
		s := New(Options{Now: time.Now, Roots: roots, Logger: slog.New(slog.DiscardHandler)})
		var dead []*atomic.Bool
		s.client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
			client, accepted := net.Pipe()
			dead = append(dead, new(atomic.Bool))
			listener <- accepted
			return dying{client, dead[len(dead)-1]}, nil
		}
		try := func(want result, connections int) {
			t.Helper()
			if a := s.attempt(t.Context(), dueTo("https://example.com/"), oneSecret); a.result != want || len(dead) != connections {
				t.Errorf("got %+v over connection %d, want %s over %d", a, len(dead), want, connections)
			}
		}
		try(resultDelivered, 1)
		try(resultDelivered, 1)
		dead[0].Store(true)
		try(resultBroken, 1)
		try(resultDelivered, 2)
		s.client.CloseIdleConnections()
		close(listener)
		_ = server.Close()
	})
}

func TestAttempt_IsStoppedWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := insecure()
		pipedTo(t, s, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if a := s.attempt(ctx, dueTo("http://receiver.test"), oneSecret); a.result != resultStopped {
			t.Errorf("got %+v", a)
		}
	})
}

// drip reads a request, writes begin, and then writes more once a second until the
// connection ends.
func drip(c net.Conn, begin, more string) {
	defer func() { _ = c.Close() }()
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, request.Body)
	if _, err := io.WriteString(c, begin); err != nil {
		return
	}
	for more != "" {
		<-time.After(time.Second)
		if _, err := io.WriteString(c, more); err != nil {
			return
		}
	}
}

func TestOutcome_TellsTheOutboxWhatToDo(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: time.Now, Random: func() float64 { return 0.5 }})
	for name, c := range map[string]struct {
		attempts int
		a        attempted
		want     ports.Outcome
	}{
		"accepted":               {0, attempted{result: resultDelivered, status: 204}, ports.Outcome{Kind: ports.OutcomeDelivered, Status: 204}},
		"gone":                   {0, attempted{result: resultGone, status: 410}, ports.Outcome{Kind: ports.OutcomeGone, Status: 410}},
		"rejected at first":      {0, attempted{result: resultRejected, status: 500}, ports.Outcome{Kind: ports.OutcomeRetry, Status: 500, RetryAfter: 5 * time.Second}},
		"rejected again":         {1, attempted{result: resultRejected, status: 302}, ports.Outcome{Kind: ports.OutcomeRetry, Status: 302, RetryAfter: 5 * time.Minute}},
		"asked to wait":          {0, attempted{result: resultRejected, status: 429, asked: time.Minute}, ports.Outcome{Kind: ports.OutcomeRetry, Status: 429, RetryAfter: time.Minute}},
		"without a response":     {8, attempted{result: resultTimeout}, ports.Outcome{Kind: ports.OutcomeRetry, RetryAfter: 24 * time.Hour}},
		"forbidden":              {0, attempted{result: resultForbidden}, ports.Outcome{Kind: ports.OutcomeRetry, RetryAfter: 5 * time.Second}},
		"without the last":       {9, attempted{result: resultUnreachable}, ports.Outcome{Kind: ports.OutcomeFailed}},
		"stopped":                {0, attempted{result: resultStopped}, ports.Outcome{Kind: ports.OutcomeReturned, RetryAfter: 5 * time.Second}},
		"not sent for no secret": {9, attempted{result: resultUnopened}, ports.Outcome{Kind: ports.OutcomeReturned, RetryAfter: 5 * time.Minute}},
	} {
		due := ports.DueDelivery{ID: domain.DeliveryID("dlv_1"), Webhook: "wh_1", Claim: 7, URL: "https://example.com/", Attempts: c.attempts}
		c.want.Delivery, c.want.Webhook, c.want.Claim, c.want.URL = "dlv_1", "wh_1", 7, "https://example.com/"
		if got := s.outcome(due, c.a); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

var loopback = netip.MustParseAddr("127.0.0.1")

// anywhere permits every address.
func anywhere(string, string, syscall.RawConn) error { return nil }
