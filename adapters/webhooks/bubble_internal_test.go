package webhooks

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/sealing"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// bubble is a store and receivers in one process, without a network. It belongs to a
// synctest bubble, in which time passes only while everything waits.
type bubble struct {
	*memory.WebhookStore
	keys *memory.KeyRepository
	log  bytes.Buffer

	mu        sync.Mutex
	receivers map[string]*pipes
	webhooks  int
}

// pipes is a listener whose connections are pipes.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (*pipes) Addr() net.Addr { return &net.UnixAddr{} }

func (p *pipes) Close() error {
	close(p.done)
	return nil
}

func newBubble() *bubble {
	keys := memory.NewKeyRepository()
	return &bubble{WebhookStore: memory.NewWebhookStore(keys, time.Now), keys: keys, receivers: map[string]*pipes{}}
}

func ring(t *testing.T, ids ...string) sealing.Ring {
	t.Helper()
	entries := make([]string, len(ids))
	for i, id := range ids {
		entries[i] = id + ":" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(id[:1]), 32))
	}
	r, err := sealing.ParseRing(strings.Join(entries, ","))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// receive serves a host.
func (b *bubble) receive(t *testing.T, host string, handle http.HandlerFunc) {
	t.Helper()
	at := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	b.receivers[host+":80"] = at
	var serving sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serving.Add(1)
		defer serving.Done()
		handle(w, r)
	})}
	serving.Go(func() { _ = server.Serve(at) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
}

func (b *bubble) dial(ctx context.Context, _, address string) (net.Conn, error) {
	at := b.receivers[address]
	if at == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}
	}
	ours, theirs := net.Pipe()
	select {
	case at.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// send runs a sender until stop is called, or until the end of the test.
func (b *bubble) send(t *testing.T, outbox ports.Outbox, keys sealing.Ring) (sender *Sender, stop func()) {
	t.Helper()
	s := New(Options{
		Outbox: outbox, Sealer: sealing.NewSealer(keys), KeyIDs: keys.KeyIDs(), Now: time.Now, Insecure: true,
		Logger: slog.New(slog.NewTextHandler(&locked{b: b}, nil)), Random: func() float64 { return 0.5 },
	})
	transport, ok := s.client.Transport.(*http.Transport)
	if !ok {
		t.Fatal("another transport")
	}
	transport.DialContext = b.dial
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return s, stop
}

// locked writes to the log of a bubble.
type locked struct{ b *bubble }

func (l *locked) Write(p []byte) (int, error) {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	return l.b.log.Write(p)
}

func (b *bubble) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

// webhook creates a webhook in a workspace of its own, and returns it with its secret.
func (b *bubble) webhook(t *testing.T, url string, keys sealing.Ring) (*domain.Webhook, domain.WebhookSecret) {
	t.Helper()
	id, err := domain.NewWebhookID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := domain.NewWebhookSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealing.NewSealer(keys).Seal(id, secret)
	if err != nil {
		t.Fatal(err)
	}
	b.webhooks++
	draft := domain.WebhookDraft{Workspace: domain.WorkspaceID(fmt.Sprint("ws_", b.webhooks)), URL: url}
	w, event := domain.NewWebhook(draft, id, sealed, eventID(t), domain.Author{AccountID: "acc_1"}, time.Now())
	if err := b.CreateWebhook(t.Context(), w, event, nil); err != nil {
		t.Fatal(err)
	}
	return &w, secret
}

func eventID(t *testing.T) string {
	t.Helper()
	id, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// notify stores deliveries to a webhook.
func (b *bubble) notify(t *testing.T, w *domain.Webhook, times int) {
	t.Helper()
	for range times {
		event := domain.TestEvent(w.Workspace, w.ID, eventID(t), domain.Author{AccountID: "acc_1"}, time.Now())
		if err := b.TestWebhook(t.Context(), w.Workspace, w.ID, event, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bubble) deliveries(t *testing.T, w *domain.Webhook) []domain.Delivery {
	t.Helper()
	page, err := b.Deliveries(t.Context(), w.Workspace, w.ID, "", domain.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Deliveries
}

// expectOne fails the test unless the webhook has exactly one delivery, with the given
// state, and returns it.
func (b *bubble) expectOne(t *testing.T, w *domain.Webhook, status domain.DeliveryStatus, attempts, last int) domain.Delivery {
	t.Helper()
	all := b.deliveries(t, w)
	if len(all) != 1 || all[0].Status != status || all[0].Attempts != attempts || all[0].LastStatus != last {
		t.Fatalf("the deliveries are %+v, want one that is %s after %d attempts, the last with status %d", all, status, attempts, last)
	}
	return all[0]
}

// hang never responds. It reads the request, because only then does net/http tell it
// that the connection has ended.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}
