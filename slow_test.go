package apikeys

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/httpserver"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// ownerOfAll treats every token as that of an OWNER.
type ownerOfAll struct{}

func (ownerOfAll) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{AccountID: "acc-1", Portal: domain.PortalPartner, Roles: map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner}}, nil
}

// longEnough is longer than any timeout that a test shortens.
const longEnough = time.Minute

// runShort runs a service with shorter timeouts for clients, and returns its
// public address.
func runShort(t *testing.T, shorten func(*httpserver.Bounds)) string {
	t.Helper()
	cfg := config.Default()
	cfg.Addr, cfg.InternalAddr, cfg.DatabaseURL = "127.0.0.1:0", "127.0.0.1:0", "memory://"
	cfg.Peppers = "p1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	listening := make(chan Listeners, 1)
	service, err := New(t.Context(), cfg, WithAuthenticator(ownerOfAll{}), WithLogger(slog.New(slog.DiscardHandler)),
		WithListening(func(l Listeners) { listening <- l }))
	if err != nil {
		t.Fatal(err)
	}
	shorten(&service.bounds)
	ended := make(chan error, 1)
	go func() { ended <- service.Run(context.WithoutCancel(t.Context())) }()
	t.Cleanup(func() {
		if err := errors.Join(service.Close(), <-ended); err != nil {
			t.Error(err)
		}
	})
	return (<-listening).Public.String()
}

// connect returns a connection on which text was sent.
func connect(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(longEnough)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// mustEnd fails the test if the service leaves the connection open.
func mustEnd(t *testing.T, r io.Reader) {
	t.Helper()
	if _, err := io.Copy(io.Discard, r); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection stays open")
	}
}

const (
	slowHead = "POST /web/v1/workspaces/ws_1/api-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n" +
		"X-Client-Hash: d\r\nX-Workspace-Id: ws_1\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"
	anybody = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
	// short leaves a busy machine enough time to send data.
	short = 500 * time.Millisecond
)

func TestRun_GivesUpClients(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		shorten func(*httpserver.Bounds)
		sent    string
		answer  int // 0 if there is no response
	}{
		"that say nothing":             {func(b *httpserver.Bounds) { b.ReadHeader = short }, "", 0},
		"that do not end their header": {func(b *httpserver.Bounds) { b.ReadHeader = short }, slowHead[:100], 0},
		"that do not send their body":  {func(b *httpserver.Bounds) { b.Read = short }, slowHead + `{"na`, http.StatusBadRequest},
		"that ask for nothing more":    {func(b *httpserver.Bounds) { b.Idle = short }, slowHead + `{"name":"k"}`, http.StatusCreated},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := bufio.NewReader(connect(t, runShort(t, tc.shorten), tc.sent))
			if tc.answer != 0 {
				res, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != tc.answer {
					t.Errorf("answered %d, want %d", res.StatusCode, tc.answer)
				}
			}
			mustEnd(t, in)
		})
	}
}

// The client sends requests until it cannot: a service that waits for it would
// block it.
func TestRun_GivesUpClientsThatReadNoResponse(t *testing.T) {
	t.Parallel()
	conn := connect(t, runShort(t, func(b *httpserver.Bounds) { b.Write = short }), "")
	var err error
	for err == nil {
		_, err = io.WriteString(conn, strings.Repeat(anybody, 1000))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("it is waited for")
	}
}

func TestRun_GivesUpManyThatAreIdle(t *testing.T) {
	t.Parallel()
	addr := runShort(t, func(b *httpserver.Bounds) { b.ReadHeader, b.Connections = short, 100 })
	for range 500 {
		connect(t, addr, "")
	}
	in := bufio.NewReader(connect(t, addr, anybody))
	if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("behind 500, of which 100 may be open, a request is answered %v, %v", res, err)
	}
}
