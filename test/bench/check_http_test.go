package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
)

// BenchmarkCheckHTTP compares permission checks of a cached key with an echo route
// that gives a constant response of the same content. The amount of work is fixed:
// -benchtime has no effect.
func BenchmarkCheckHTTP(b *testing.B) {
	s := newCheckService(b)
	for _, check := range []struct {
		name    string
		request []byte
		target  float64
	}{
		{"verify", s.verifyRequest(), 0.75},
		{"authorize", s.authorizeRequest(), 0.80},
	} {
		for _, clients := range []int{1, targetClients} {
			b.Run(fmt.Sprintf("%s/clients=%d", check.name, clients), func(b *testing.B) {
				response := requestOnce(b, s.address, check.request)
				r := compareChecks(b, pair{
					bare:    &repeating{address: newEcho(b, response), request: check.request, status: response.status},
					service: &repeating{address: s.address, request: check.request, status: response.status},
				}, clients)
				r.report(b)
				b.ReportMetric(check.target, "target")
			})
		}
	}
}

// compareChecks is like compare, with turns that are long enough for requests that
// do not wait for the disk.
func compareChecks(b *testing.B, p pair, concurrency int) result {
	b.Helper()
	const requests = 4_000
	turns := interleave(b, entrant{p.bare, concurrency, requests}, entrant{p.service, concurrency, requests})
	return newResult(concurrency, turns[0], turns[1], turn.rate)
}

// checkService is a service with one cached key.
type checkService struct {
	address string // host:port of the internal listener
	secret  string
}

func newCheckService(t testing.TB) *checkService {
	t.Helper()
	running := newServing(t, settings(t, jwttest.NewIssuer(t), "memory://"))
	return &checkService{address: running.Internal, secret: create(t, running.Service).Reveal()}
}

func (s *checkService) verifyRequest() []byte {
	body := `{"key":"` + s.secret + `","scopes":["payment:read"],"ip":"192.168.1.7"}`
	return fmt.Appendf(nil, "POST /internal/v1/api-keys/verify HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		s.address, len(body), body)
}

func (s *checkService) authorizeRequest() []byte {
	return fmt.Appendf(nil, "GET /internal/v1/authorize?scope=payment:read HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n\r\n", s.address, s.secret)
}

// newEcho starts a server that always gives the response r, and returns its address.
func newEcho(t testing.TB, r rawResponse) string {
	t.Helper()
	e := echo.New()
	e.POST("/internal/v1/api-keys/verify", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/json; charset=utf-8", r.body)
	})
	e.GET("/internal/v1/authorize", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// The same kinds of timeouts as in the service.
	server := &http.Server{
		Handler:           e,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       time.Minute,
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

// repeating is a side that sends the same request every time.
type repeating struct {
	address     string
	request     []byte
	status      []byte
	connections []*requester
}

func (s *repeating) clients(t testing.TB, n, _ int) []client {
	t.Helper()
	for len(s.connections) < n {
		s.connections = append(s.connections, dial(t, s.address, s.request))
	}
	all := make([]client, n)
	for i := range all {
		c := s.connections[i]
		all[i] = func(int) error {
			status, err := c.do()
			if err == nil && !bytes.Equal(status, s.status) {
				err = fmt.Errorf("response is %q", status)
			}
			return err
		}
	}
	return all
}

// rawResponse is a response as received.
type rawResponse struct{ status, body []byte }

func requestOnce(t testing.TB, address string, request []byte) rawResponse {
	t.Helper()
	c := dial(t, address, request)
	if _, err := c.Write(request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(c.responses, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("response is %s: %s", res.Status, body.Bytes())
	}
	return rawResponse{status: []byte("HTTP/1.1 " + res.Status), body: body.Bytes()}
}

// requester is a connection for repeated requests.
type requester struct {
	connection
	status []byte // of the last response
}

func dial(t testing.TB, address string, request []byte) *requester {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &requester{connection: connection{Conn: conn, responses: bufio.NewReaderSize(conn, 64<<10), request: request}}
}

// do sends the request and returns the status line of the response, which is valid
// until the next call.
func (c *requester) do() ([]byte, error) {
	if _, err := c.Write(c.request); err != nil {
		return nil, err
	}
	head, err := c.head()
	if err != nil {
		return nil, err
	}
	status, _, _ := bytes.Cut(head, []byte("\r"))
	c.status = append(c.status[:0], status...)
	return c.status, c.skip(head)
}

// skip discards the response that begins with the unread header section head.
func (c *requester) skip(head []byte) error {
	length, chunked := 0, bytes.Contains(head, []byte("Transfer-Encoding: chunked"))
	if _, after, ok := bytes.Cut(head, []byte("Content-Length: ")); ok {
		digits, _, _ := bytes.Cut(after, []byte("\r"))
		var err error
		if length, err = strconv.Atoi(string(digits)); err != nil {
			return err
		}
	}
	_, err := c.responses.Discard(len(head) + length)
	for last := !chunked; err == nil && !last; {
		last, err = c.skipChunk()
	}
	return err
}

// skipChunk discards a chunk and reports whether it was the last one (RFC 9112
// section 7.1).
func (c *requester) skipChunk() (last bool, err error) {
	line, err := c.line()
	if err != nil {
		return false, err
	}
	size, err := strconv.ParseInt(string(line), 16, 32)
	if err != nil {
		return false, err
	}
	_, err = c.responses.Discard(int(size) + len("\r\n"))
	return size == 0, err
}

// head returns the next header section, including its end, without consuming it. It
// does not parse lines, which would be slower for the side with more headers.
func (c *requester) head() ([]byte, error) {
	for {
		if _, err := c.responses.Peek(c.responses.Buffered() + 1); err != nil {
			return nil, err
		}
		received, err := c.responses.Peek(c.responses.Buffered())
		if err != nil {
			return nil, err
		}
		if i := bytes.Index(received, []byte("\r\n\r\n")); i >= 0 {
			return received[:i+4], nil
		}
	}
}
