package fault

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/relay"
)

func TestFeed_LeavesNoStaleKeyWhenHalfOpen(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.NewDatabase(t)
	line := newFeedLine(t, databaseURL)
	w := start(t, line.databaseURL)
	secret := w.knownKey(t)

	line.hang.Store(true)
	disable(t, databaseURL, secret)
	w.mustRefuse(t, secret, time.Now())
	if line.swallowed.Load() == 0 {
		t.Error("the feed did not hang")
	}
}

// disable disables the key like another process.
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

// feedLine is a proxy in front of a database that can make the connections of
// the change feed hang: they stay open, but carry nothing.
type feedLine struct {
	databaseURL string
	hang        atomic.Bool
	swallowed   atomic.Int64 // bytes
}

// ofTheFeed are parts of statements that only a feed sends.
var ofTheFeed = [][]byte{[]byte("pg_current_snapshot"), []byte("LISTEN")}

func newFeedLine(t *testing.T, databaseURL string) *feedLine {
	t.Helper()
	l := new(feedLine)
	l.databaseURL = relay.Before(t, databaseURL, func() relay.Watches {
		watch := l.watch()
		return relay.Watches{Sent: watch, Answered: watch}
	})
	return l
}

// watch detects whether a connection is the feed's.
func (l *feedLine) watch() relay.Watch {
	var feeds atomic.Bool
	return func(piece []byte) relay.Fate {
		for _, part := range ofTheFeed {
			if bytes.Contains(piece, part) {
				feeds.Store(true)
			}
		}
		if !feeds.Load() || !l.hang.Load() {
			return relay.Pass
		}
		l.swallowed.Add(int64(len(piece)))
		return relay.Swallow
	}
}
