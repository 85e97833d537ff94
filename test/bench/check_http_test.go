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

// BenchmarkCheckHTTP compares permission checks of a key in memory with an
// echo route that gives the same answer to the same request without a
// thought. The work is of a fixed size: -benchtime changes nothing.
func BenchmarkCheckHTTP(b *testing.B) {
	s := newCheckService(b)
	for _, question := range []struct {
		name    string
		request []byte
		target  float64
	}{
		{"verify", s.verifyRequest(), 0.65},
		{"authorize", s.authorizeRequest(), 0.85},
	} {
		for _, clients := range []int{1, targetClients} {
			b.Run(fmt.Sprintf("%s/clients=%d", question.name, clients), func(b *testing.B) {
				answer := askOnce(b, s.address, question.request)
				r := compareChecks(b, pair{
					bare:    &asking{address: newEcho(b, answer), request: question.request, status: answer.status},
					service: &asking{address: s.address, request: question.request, status: answer.status},
				}, clients)
				r.report(b)
				b.ReportMetric(question.target, "target")
			})
		}
	}
}

// compareChecks is compare with turns that are long enough for requests which
// wait for no disk.
func compareChecks(b *testing.B, p pair, concurrency int) result {
	b.Helper()
	const requests = 4_000
	turns := interleave(b, entrant{p.bare, concurrency, requests}, entrant{p.service, concurrency, requests})
	return newResult(concurrency, turns[0], turns[1], turn.rate)
}

// checkService is a service with one key in memory.
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

// newEcho serves nothing but that answer and returns its address.
func newEcho(t testing.TB, a rawAnswer) string {
	t.Helper()
	e := echo.New()
	e.POST("/internal/v1/api-keys/verify", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/json; charset=utf-8", a.body)
	})
	e.GET("/internal/v1/authorize", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// The deadlines of the service, since it is the answer that is compared.
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

// asking is a side that gets one and the same request.
type asking struct {
	address     string
	request     []byte
	status      []byte
	connections []*questioner
}

func (s *asking) clients(t testing.TB, n, _ int) []client {
	t.Helper()
	for len(s.connections) < n {
		s.connections = append(s.connections, dial(t, s.address, s.request))
	}
	all := make([]client, n)
	for i := range all {
		c := s.connections[i]
		all[i] = func(int) error {
			a, err := c.ask()
			if err == nil && !bytes.Equal(a, s.status) {
				err = fmt.Errorf("answer is %q", a)
			}
			return err
		}
	}
	return all
}

// rawAnswer is one answer as it came.
type rawAnswer struct{ status, body []byte }

func askOnce(t testing.TB, address string, request []byte) rawAnswer {
	t.Helper()
	c := dial(t, address, request)
	if _, err := c.Write(request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("answer is %s: %s", res.Status, body.Bytes())
	}
	return rawAnswer{status: []byte("HTTP/1.1 " + res.Status), body: body.Bytes()}
}

// questioner is a connection that asks the same over and over.
type questioner struct {
	connection
	status []byte // of the last answer
}

func dial(t testing.TB, address string, request []byte) *questioner {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &questioner{connection: connection{Conn: conn, answers: bufio.NewReaderSize(conn, 64<<10), request: request}}
}

// ask sends the request and returns the status line of the answer, valid
// until the next.
func (c *questioner) ask() ([]byte, error) {
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

// skip leaves the answer that head, which is still to be read, begins.
func (c *questioner) skip(head []byte) error {
	length, chunked := 0, bytes.Contains(head, []byte("Transfer-Encoding: chunked"))
	if _, after, ok := bytes.Cut(head, []byte("Content-Length: ")); ok {
		digits, _, _ := bytes.Cut(after, []byte("\r"))
		var err error
		if length, err = strconv.Atoi(string(digits)); err != nil {
			return err
		}
	}
	_, err := c.answers.Discard(len(head) + length)
	for last := !chunked; err == nil && !last; {
		last, err = c.skipChunk()
	}
	return err
}

// skipChunk returns whether the chunk was the last one: RFC 9112 section 7.1.
func (c *questioner) skipChunk() (last bool, err error) {
	line, err := c.line()
	if err != nil {
		return false, err
	}
	size, err := strconv.ParseInt(string(line), 16, 32)
	if err != nil {
		return false, err
	}
	_, err = c.answers.Discard(int(size) + len("\r\n"))
	return size == 0, err
}

// head returns the next header section with its end, and leaves it to be read.
// It looks for nothing but the end: lines would cost the side that says more.
func (c *questioner) head() ([]byte, error) {
	for {
		if _, err := c.answers.Peek(c.answers.Buffered() + 1); err != nil {
			return nil, err
		}
		come, err := c.answers.Peek(c.answers.Buffered())
		if err != nil {
			return nil, err
		}
		if i := bytes.Index(come, []byte("\r\n\r\n")); i >= 0 {
			return come[:i+4], nil
		}
	}
}
