package hostile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// wire is a connection for arbitrary data.
type wire struct {
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, addr string) wire {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return wire{conn, bufio.NewReader(conn)}
}

func (w wire) send(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

// responses reads responses until the service closes the connection, and returns
// their statuses and "closed", or "open" if the connection stays open. The caller
// must have sent a last request before.
func (w wire) responses(t *testing.T) (statuses []string) {
	t.Helper()
	for {
		status, err := w.response()
		if err != nil {
			return append(statuses, ending(err))
		}
		statuses = append(statuses, status)
	}
}

// response reads one response and returns its status, or an error if the response
// contains the marker.
func (w wire) response() (string, error) {
	if _, err := w.in.Peek(1); err != nil {
		return "", err // ReadResponse would return an unexpected EOF
	}
	res, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if strings.Contains(fmt.Sprint(res.Status, res.Header, string(body)), marker) {
		return "", errors.New("the response contains the marker")
	}
	return res.Status[:3], nil
}

func ending(err error) string {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), strings.Contains(err.Error(), "connection reset"):
		return "closed"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "open"
	}
	return err.Error()
}

// Parts of requests.
const (
	keysPath = "/web/v1/workspaces/ws_1/api-keys"
	caller   = "Host: x\r\nAuthorization: Bearer x\r\nX-Client-Hash: d\r\nX-Workspace-Id: ws_1\r\n"
	list     = "GET " + keysPath + " HTTP/1.1\r\n" + caller + "\r\n"
	// last is a request after which the service closes the connection.
	last = "GET " + keysPath + " HTTP/1.1\r\n" + caller + "Connection: close\r\n\r\n"
)

// create returns a request with the given header lines and body.
func create(lines, body string) string {
	return "POST " + keysPath + " HTTP/1.1\r\n" + caller + "Content-Type: application/json\r\n" + lines + "\r\n" + body
}
