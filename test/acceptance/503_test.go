package acceptance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// managedAtOnce is the number of management requests in flight that
// docs/operations.md states.
const managedAtOnce = 128

// held is a repository whose creates wait until they are released.
type held struct {
	ports.KeyRepository
	entered, proceed chan struct{}
}

func newHeld() held {
	return held{memory.NewKeyRepository(), make(chan struct{}), make(chan struct{})}
}

func (h held) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	h.entered <- struct{}{}
	<-h.proceed
	return h.KeyRepository.Create(ctx, key, event, options)
}

func unlimited(cfg *config.Config) { cfg.ManagementRate, cfg.MaxKeysPerWorkspace = 0, 0 }

func TestOverload_503(t *testing.T) {
	t.Parallel()
	for range 20 {
		if overload(t) {
			return
		}
		t.Log("repeated, because the machine was too busy to send all requests before the first were answered")
	}
	t.Error("could not overload the service")
}

// overload returns false if it could not make that many requests be in flight at once.
func overload(t *testing.T) (overloaded bool) {
	t.Helper()
	store := newHeld()
	w := newWorld(t, unlimited, apikeys.WithStore(apikeys.Store{Keys: store}))
	answers, begun := make(chan answer, managedAtOnce+1), time.Now()
	late := func() bool { return time.Since(begun) > 2*time.Second } // a request waits that long for the store
	create := func(n int) {
		for range n {
			begin(t, w.create(t, `{"name":"k"}`), answers)
		}
		for range n {
			<-store.entered
		}
	}
	mustBeMade := func() {
		t.Helper()
		a := <-answers
		if a.status != http.StatusCreated && (a.status != http.StatusServiceUnavailable || !late()) {
			t.Errorf("one that was at work is answered %d", a.status)
		}
	}
	create(managedAtOnce)
	refused := map[string]answer{
		"a creation":                do(t, w.create(t, `{"name":"k"}`)),
		"a list":                    do(t, w.list(t, "")),
		"one with an invalid token": do(t, w.list(t, "", as("x"))),
	}
	if late() {
		close(store.proceed)
		return false
	}
	for what, a := range refused {
		mustBe(t, a, 503, "5030", "Service temporarily unavailable")
		if got := a.header.Get("Retry-After"); got != "1" {
			t.Errorf("%s: Retry-After is %q", what, got)
		}
	}
	if a := do(t, w.verify(`{"key":"`+unknownSecret(t)+`"}`)); a.status != http.StatusOK {
		t.Errorf("a check is answered %d", a.status)
	}
	if text := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"}).body; !strings.Contains(text, "\napikeys_overloaded_total 3\n") {
		t.Error("the metrics do not tell of the three")
	}
	store.proceed <- struct{}{}
	mustBeMade()
	create(1)
	close(store.proceed)
	for range managedAtOnce {
		mustBeMade()
	}
	return true
}

func TestOverload_DoesNotCountRequestsThatFailedBefore(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"an error": func() error { return errors.New("on fire") },
		"a panic":  func() error { panic("on fire") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, unlimited, apikeys.WithStore(apikeys.Store{Keys: failing{memory.NewKeyRepository(), fail}}))
			for range managedAtOnce + 1 {
				mustBe(t, do(t, w.create(t, `{"name":"k"}`)), 500, "5000", "Internal error")
			}
			if a := do(t, w.list(t, "")); a.status != http.StatusOK {
				t.Errorf("a list is answered %d", a.status)
			}
		})
	}
}

func TestOverload_IsNotCausedBySlowBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	address := strings.TrimPrefix(w.public, "http://")
	for range managedAtOnce + 1 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		// The service asks for the body once it wants to read it (RFC 9110
		// section 10.1.1).
		fmt.Fprintf(conn, "POST /web/v1/workspaces/%s/api-keys HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-Client-Hash: %s\r\n"+
			"X-Workspace-Id: %s\r\nContent-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
			workspace, address, w.token(t), clientHash, workspace)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("%q, %v", line, err)
		}
		if _, err := io.WriteString(conn, `{"name"`); err != nil {
			t.Fatal(err)
		}
	}
	if a := do(t, w.create(t, `{"name":"k"}`)); a.status != http.StatusCreated {
		t.Errorf("a creation is answered %d", a.status)
	}
}
