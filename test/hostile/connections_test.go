package hostile

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
)

// Half of the connections send nothing, the other half begin a request.
func TestConnections_IdleOnesDoNotBlockOthers(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for i := range 2000 {
		w := dial(t, s.public)
		if i%2 == 0 {
			w.send(t, "GET / HTTP/1.1\r\nX-Y: "+marker)
		}
	}
	w := dial(t, s.public)
	w.send(t, last)
	if got := w.responses(t); got[0] != "200" {
		t.Errorf("with 2,000 idle connections the response is %s", got)
	}
}

func TestConnections_AboveTheLimitWait(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *config.Config) { cfg.MaxConnections = 2 })
	first, second, third := dial(t, s.public), dial(t, s.public), dial(t, s.public)
	for _, w := range []wire{first, second} {
		w.send(t, list)
		if got, err := w.response(); got != "200" {
			t.Fatalf("within the limit the response is %s, %v", got, err)
		}
	}
	third.send(t, last)
	if err := third.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := third.in.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("above the limit there is a response, or %v", err)
	}
	internal := dial(t, s.internal)
	internal.send(t, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if got, err := internal.response(); got != "200" {
		t.Errorf("the response of the other listener is %s, %v", got, err)
	}
	if err := third.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	first.Close()
	if got, err := third.response(); got != "200" {
		t.Errorf("after a connection is closed the response is %s, %v", got, err)
	}
	second.Close()
}
