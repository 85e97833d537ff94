package bench

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
)

// requestBody creates a key like the contract's example.
const requestBody = `{"name":"Production Key","scopes":["payment:read","payment:write"],"ipWhitelist":["192.168.1.0/24"]}`

// connection is an HTTP client with minimal overhead, because it shares the
// processors with the server. It keeps one connection, sends a preformatted request,
// and reads only the status and the length of the response.
type connection struct {
	net.Conn
	responses *bufio.Reader
	request   []byte
	// idempotencyKey is the value of that header in request, new for each one. It is
	// nil without the header.
	idempotencyKey []byte
}

func connect(t testing.TB, address, token string) *connection {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return &connection{
		Conn:      conn,
		responses: bufio.NewReader(conn),
		request: fmt.Appendf(nil, "POST /web/v1/workspaces/%s/api-keys HTTP/1.1\r\n"+
			"Host: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nAccept: application/json\r\n"+
			"X-Client-Hash: %s\r\nX-Workspace-Id: %s\r\nContent-Length: %d\r\n\r\n%s",
			workspace, address, token, clientHash, workspace, len(requestBody), requestBody),
	}
}

// useIdempotencyKeys makes c send each request with an idempotency key.
func (c *connection) useIdempotencyKeys() {
	end := bytes.Index(c.request, []byte("\r\n\r\n"))
	before := fmt.Appendf(nil, "%s\r\nIdempotency-Key: ", c.request[:end])
	key := rand.Text()
	c.request = fmt.Appendf(nil, "%s%s%s", before, key, c.request[end:])
	c.idempotencyKey = c.request[len(before) : len(before)+len(key)]
}

var errUnavailable = errors.New("response is 503")

// create creates one key. It returns errUnavailable if the response is 503.
func (c *connection) create() error {
	if c.idempotencyKey != nil {
		copy(c.idempotencyKey, rand.Text())
	}
	if _, err := c.Write(c.request); err != nil {
		return err
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	status, _ := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	outcome := statusError(string(status))
	length, err := c.contentLength()
	if err != nil {
		return err
	}
	if _, err := c.responses.Discard(length); err != nil {
		return err
	}
	return outcome
}

func statusError(status string) error {
	switch status {
	case "201 Created":
		return nil
	case "503 Service Unavailable":
		return errUnavailable
	}
	return fmt.Errorf("response is %q", status)
}

// contentLength reads the header section and returns the Content-Length.
func (c *connection) contentLength() (length int, err error) {
	for {
		field, err := c.line()
		if err != nil || len(field) == 0 {
			return length, err
		}
		if value, ok := bytes.CutPrefix(field, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
}

// line returns the next line without its end, valid until the next read.
func (c *connection) line() ([]byte, error) {
	line, err := c.responses.ReadSlice('\n')
	return bytes.TrimSuffix(line, []byte("\r\n")), err
}
