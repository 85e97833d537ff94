package httpserver

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// piped is an in-process listener.
type piped struct {
	dialed chan net.Conn
	closed chan struct{}
}

func (p piped) Accept() (net.Conn, error) {
	select {
	case c := <-p.dialed:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p piped) Close() error { close(p.closed); return nil }

func (piped) Addr() net.Addr { return &net.UnixAddr{Name: "piped"} }

// requested returns a server with a request in flight, and a channel that gets
// the result of that request.
func requested(handler http.HandlerFunc) (server *Server, done chan error) {
	listener := piped{make(chan net.Conn), make(chan struct{})}
	server = New(handler, Bounds{ReadHeader: 5 * time.Second}, slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(listener) }()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			listener.dialed <- far
			return near, nil
		},
	}}
	done = make(chan error, 1)
	go func() {
		res, err := client.Get("http://piped/")
		if err == nil {
			err = res.Body.Close()
		}
		done <- err
	}()
	return server, done
}

func TestDrain_GivesEachServerItsOwnTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hanging, aborted := requested(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		slow, completed := requested(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(DrainTimeout + DrainTimeout/2):
			case <-r.Context().Done():
			}
		})
		synctest.Wait()

		start := time.Now()
		err := Drain(t.Context(), hanging, slow)
		if took := time.Since(start); took > 2*DrainTimeout {
			t.Errorf("Drain took %v", took)
		}
		if err == nil || !strings.Contains(err.Error(), "requests aborted") {
			t.Errorf("Drain returns %v, want an error about aborted requests", err)
		}
		if err := <-aborted; err == nil {
			t.Error("a request that never ends got a response")
		}
		if err := <-completed; err != nil {
			t.Errorf("the request of the other server was aborted too: %v", err)
		}
	})
}
