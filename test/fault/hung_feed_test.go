package fault

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// staleFor bounds how long a check may miss a change while the database answers.
const staleFor = 1500 * time.Millisecond

func TestFeed_thatHangsHalfOpenLeavesNoStaleYes(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.NewDatabase(t)
	line := newFeedLine(t, databaseURL)
	w := start(t, line.databaseURL)
	secret := w.knownKey(t)

	line.hang.Store(true)
	disable(t, databaseURL, secret)
	changed := time.Now()
	for sent := changed; sent.Before(changed.Add(staleFor + afterwards)); sent = time.Now() {
		a := w.verify(t, secret)
		if refused := strings.Contains(a.body, `"reason":"DISABLED"`); !refused && sent.After(changed.Add(staleFor)) {
			t.Fatalf("%v after the change: %d %s", sent.Sub(changed), a.status, a.body)
		}
	}
	if line.swallowed.Load() == 0 {
		t.Error("the feed did not hang")
	}
}

// disable disables the key as another process does it.
func disable(t *testing.T, databaseURL, text string) {
	t.Helper()
	secret, err := domain.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := postgres.Open(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	err = keys.Update(t.Context(), workspace, secret.KeyID(), func(k *domain.APIKey) (domain.Event, error) {
		return k.Disable("evt_1", domain.Author{AccountID: "acc-7"}, time.Now()), nil
	}, ports.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// feedLine is a way to a database on which the connections of the change feed
// can hang: they stay open, and nothing comes through.
type feedLine struct {
	databaseURL string
	hang        atomic.Bool
	swallowed   atomic.Int64 // bytes
}

// ofTheFeed are parts of the statements that only a feed sends.
var ofTheFeed = [][]byte{[]byte("pg_current_snapshot"), []byte("LISTEN")}

func newFeedLine(t *testing.T, databaseURL string) *feedLine {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	server := u.Host
	u.Host = listener.Addr().String()
	l := &feedLine{databaseURL: u.String()}
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

func (l *feedLine) carry(client net.Conn, server string) {
	defer client.Close()
	backend, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer backend.Close()
	var feeds atomic.Bool
	go func() {
		defer backend.Close()
		l.pass(backend, client, &feeds)
	}()
	l.pass(client, backend, &feeds)
}

// pass copies what comes until the connection ends, and finds out whether it
// is the feed's.
func (l *feedLine) pass(to io.Writer, from io.Reader, feeds *atomic.Bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		for _, part := range ofTheFeed {
			if bytes.Contains(buf[:n], part) {
				feeds.Store(true)
			}
		}
		if feeds.Load() && l.hang.Load() {
			l.swallowed.Add(int64(n))
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
