package fault

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"testing"
)

// cheapLine is an HTTP client with minimal cost, because it shares the
// processors with the service: it keeps one connection and writes prepared
// requests to it.
type cheapLine struct {
	host    string
	conn    net.Conn // nil until the first request
	answers *bufio.Reader
	body    []byte
	resent  int // requests sent again on a new connection
}

func newCheapLine(t *testing.T, address string) *cheapLine {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l := &cheapLine{host: u.Host}
	t.Cleanup(l.close)
	return l
}

func (l *cheapLine) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

func (l *cheapLine) dial() (err error) {
	if l.conn == nil {
		if l.conn, err = net.Dial("tcp", l.host); err == nil {
			l.answers = bufio.NewReader(l.conn)
		}
	}
	return err
}

// ask returns the status and the body of the response, which is valid until the
// next call.
//
// If a connection was open before, and is closed before the first byte of the
// response, ask reconnects once: a server may close an idle connection at any
// time, even while a request is in transit (RFC 9112 section 9.5).
func (l *cheapLine) ask(request []byte) (status int, body []byte, err error) {
	open := l.conn != nil
	line, err := l.send(request)
	if err != nil && open && len(line) == 0 {
		l.close()
		l.resent++
		line, err = l.send(request)
	}
	if err != nil {
		return 0, nil, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, nil, fmt.Errorf("response begins with %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length, chunked, err := l.header()
	if err != nil {
		return 0, nil, err
	}
	l.body = l.body[:0]
	if chunked {
		err = l.chunks()
	} else {
		err = l.more(length)
	}
	return status, l.body, err
}

// send writes a request and returns the first line of the response.
func (l *cheapLine) send(request []byte) (line []byte, err error) {
	if err := l.dial(); err != nil {
		return nil, err
	}
	if _, err := l.conn.Write(request); err != nil {
		return nil, err
	}
	return l.answers.ReadSlice('\n')
}

// header reads the rest of the header section.
func (l *cheapLine) header() (length int, chunked bool, err error) {
	for {
		line, err := l.answers.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		field := bytes.TrimRight(line, "\r\n")
		if len(field) == 0 {
			return length, chunked, nil
		}
		if value, ok := bytes.CutPrefix(field, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, err
			}
		}
		chunked = chunked || bytes.Equal(field, []byte("Transfer-Encoding: chunked"))
	}
}

func (l *cheapLine) more(n int) error {
	had := len(l.body)
	l.body = append(l.body, make([]byte, n)...)
	_, err := io.ReadFull(l.answers, l.body[had:])
	return err
}

// chunks reads a chunked body (RFC 9112 section 7.1).
func (l *cheapLine) chunks() error {
	for {
		line, err := l.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 32)
		if err != nil {
			return err
		}
		if err := l.more(int(size)); err != nil {
			return err
		}
		if _, err := l.answers.Discard(len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}
