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

// piped is a listener within the process.
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

// asked returns a server with a request in flight, and the outcome of that.
func asked(handler http.HandlerFunc) (server *Server, answered chan error) {
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
	answered = make(chan error, 1)
	go func() {
		res, err := client.Get("http://piped/")
		if err == nil {
			err = res.Body.Close()
		}
		answered <- err
	}()
	return server, answered
}

func TestDrain_GivesEachSideItsOwnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		never, cut := asked(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		late, answered := asked(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(DrainTimeout + DrainTimeout/2):
			case <-r.Context().Done():
			}
		})
		synctest.Wait()

		begun := time.Now()
		err := Drain(t.Context(), never, late)
		if took := time.Since(begun); took > 2*DrainTimeout {
			t.Errorf("it took %v", took)
		}
		if err == nil || !strings.Contains(err.Error(), "requests were cut off") {
			t.Errorf("Drain gives %v, want that requests were cut off", err)
		}
		if err := <-cut; err == nil {
			t.Error("a request that never ends was answered")
		}
		if err := <-answered; err != nil {
			t.Errorf("the other side's request was cut off too: %v", err)
		}
	})
}
