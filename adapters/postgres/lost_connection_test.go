package postgres_test

import (
	"crypto/rand"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestCreate_whoseAnswerIsLostIsMadeOnce(t *testing.T) {
	t.Parallel()
	line := newLine(t, pgtest.NewDatabase(t))
	repo := openDSN(t, line.dsn)
	createOne(t, repo) // prepares the statement

	line.cutAtAnswer.Store(true)
	createOne(t, repo)
	if line.cutAtAnswer.Load() {
		t.Error("no answer was lost")
	}
}

func TestCreate_onConnectionsThatTheServerEnded(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	repo := openDSN(t, dsn)
	createOne(t, repo)
	exec(t, dsn, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	createOne(t, repo)
}

// createOne fails unless a new key and one event are stored.
func createOne(t *testing.T, repo *postgres.KeyRepository) {
	t.Helper()
	key, event := newKey(t)
	if err := repo.Create(t.Context(), key, event); err != nil {
		t.Fatalf("Create: %v", err)
	}
	events, err := repo.Events(t.Context(), "ws_a", key.ID())
	if err != nil || len(events) != 1 || events[0].ID != event.ID {
		t.Fatalf("Events gives %d events and %v, want the one of the creation", len(events), err)
	}
}

func newKey(t *testing.T) (*domain.APIKey, domain.Event) {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	name, _ := domain.ParseName("Production Key")
	draft := domain.Draft{Workspace: "ws_a", Name: name, Mode: domain.ModeLive}
	key, err := domain.Issue(draft, secret.KeyID(), domain.Digest{Algorithm: domain.AlgorithmHMACSHA256}, domain.Author{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	eventID, err := domain.NewEventID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key, key.Created(eventID, domain.Author{})
}

// line is a way to a database that can be cut.
type line struct {
	dsn         string
	cutAtAnswer atomic.Bool // swallow the next answer of the server, and hang up
}

func newLine(t *testing.T, dsn string) *line {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	server, listener := u.Host, listen(t)
	u.Host = listener.Addr().String()
	l := &line{dsn: u.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go l.carry(client, server)
		}
	}()
	return l
}

func (l *line) carry(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	backend, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = backend.Close() }()
	go func() {
		_, _ = io.Copy(backend, client)
		_ = backend.Close()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := backend.Read(buf)
		if err != nil || l.cutAtAnswer.CompareAndSwap(true, false) {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
