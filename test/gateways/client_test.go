package gateways

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// conn is a connection to the gateway.
type conn struct {
	net.Conn
	reader *bufio.Reader
}

func (w *world) dial(t *testing.T) *conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: w.client}}
	c, err := dialer.DialContext(t.Context(), "tcp", w.place.listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &conn{Conn: c, reader: bufio.NewReader(c)}
}

// request is a request, which is written to a connection unchanged.
type request struct {
	method  string // GET if empty
	target  string
	headers []string // lines without their ends
	body    string
	chunked bool // the body is sent in chunks
}

// get returns a request for a target with header lines.
func get(target string, headers ...string) request { return request{target: target, headers: headers} }

// answer is a response, and the identifier of the request.
type answer struct {
	status int
	header http.Header
	body   string
	id     string
}

// code returns the code of the envelope in a, or "" if there is none.
func (a answer) code() string {
	var envelope struct{ Code string }
	if err := json.Unmarshal([]byte(a.body), &envelope); err != nil {
		return ""
	}
	return envelope.Code
}

// do sends r on a separate connection and returns the response, or the next one that is
// not 503.
func (w *world) do(t *testing.T, r request) answer {
	t.Helper()
	return available(t, func() answer { return w.once(t, r) })
}

// once is like do, except that it sends r once.
func (w *world) once(t *testing.T, r request) answer {
	t.Helper()
	return w.dial(t).send(t, r)(t)
}

func (c *conn) do(t *testing.T, r request) answer {
	t.Helper()
	return available(t, func() answer { return c.send(t, r)(t) })
}

// available repeats a request while the response is 503, which may happen on a busy
// machine.
func available(t *testing.T, ask func() answer) answer {
	t.Helper()
	for end := time.After(patience); ; {
		a := ask()
		if a.status != http.StatusServiceUnavailable {
			return a
		}
		select {
		case <-end:
			return a
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// send sends r and returns a function that waits for the response.
func (c *conn) send(t *testing.T, r request) func(*testing.T) answer {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	id := rand.Text()
	if _, err := io.WriteString(c, r.text(id)); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) answer {
		t.Helper()
		res, err := http.ReadResponse(c.reader, &http.Request{Method: r.method})
		if err != nil {
			t.Fatalf("%s %s: %v", r.method, r.target, err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("%s %s: %v", r.method, r.target, err)
		}
		return answer{status: res.StatusCode, header: res.Header, body: string(body), id: id}
	}
}

// afterEnd closes the client's side of the connection, and returns the rest of
// the gateway's data.
func (c *conn) afterEnd(t *testing.T) io.Reader {
	t.Helper()
	tcp, ok := c.Conn.(*net.TCPConn)
	if !ok {
		t.Fatalf("a connection is a %T", c.Conn)
	}
	if err := tcp.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	return c.reader
}

// text returns the bytes of r.
func (r request) text(id string) string {
	lines := append([]string{
		r.method + " " + r.target + " HTTP/1.1", "Host: api.example", idHeader + ": " + id,
	}, r.headers...)
	switch {
	case r.chunked:
		return strings.Join(append(lines, "Transfer-Encoding: chunked", "", fmt.Sprintf("%x", len(r.body)), r.body, "0", "", ""), "\r\n")
	case r.body != "":
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(r.body)))
	}
	return strings.Join(append(lines, "", r.body), "\r\n")
}

// passed sends r, which must reach the API, and returns what the API got.
func (w *world) passed(t *testing.T, r request) received {
	t.Helper()
	return w.mustPass(t, w.do(t, r))
}

func (w *world) mustPass(t *testing.T, a answer) received {
	t.Helper()
	got, ok := w.api.received(a.id)
	if a.status != http.StatusOK || a.header.Get("X-Api") != "reached" || !ok {
		t.Fatalf("status %d, body %q, want the response of the API", a.status, a.body)
	}
	return got
}

// refused sends r, which must not reach the API, and returns the response.
func (w *world) refused(t *testing.T, r request) answer {
	t.Helper()
	a := w.do(t, r)
	w.mustNotPass(t, a)
	return a
}

func (w *world) mustNotPass(t *testing.T, a answer) {
	t.Helper()
	if _, ok := w.api.received(a.id); ok || a.header.Get("X-Api") != "" {
		t.Fatalf("status %d: the request reached the API", a.status)
	}
}
