package postgres

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const nobodysID = domain.KeyID("sk_live_0000000000000000")

func TestFind_EndsWithItsContextWhenNoResponseComes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		bound func(context.Context) (context.Context, context.CancelFunc)
		cause error
	}{
		"by its deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 200*time.Millisecond)
		}, context.DeadlineExceeded},
		"when the caller leaves": {context.WithCancel, context.Canceled},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newSilentLine(t, migrated(t))
			repo := openMigrated(t, l.dsn)
			find(t, repo) // prepares the statement

			l.silent.Store(true)
			ctx, leave := c.bound(t.Context())
			defer leave()
			answer := make(chan error)
			go func() {
				_, err := repo.Find(ctx, nobodysID)
				answer <- err
			}()
			if errors.Is(c.cause, context.Canceled) {
				<-l.swallowed
				leave()
			}
			if err := <-answer; !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, c.cause) {
				t.Errorf("Find gives %v, want ErrUnavailable by %v", err, c.cause)
			}

			l.silent.Store(false)
			find(t, repo) // on another connection, because a response to the cut one is pending
		})
	}
}

// The connection may be silent for an hour, so only its context can end the read.
func TestPromptConnector_EndsAReadWithItsContext(t *testing.T) {
	t.Parallel()
	l := newSilentLine(t, migrated(t))
	cfg, err := parseDSN(l.dsn)
	if err != nil {
		t.Fatal(err)
	}
	sessions := newSessions(cfg, nil, false, newOptions(nil))
	defer sessions.close()
	db := sql.OpenDB(promptConnector{cfg: cfg, limit: time.Hour, sessions: sessions})
	defer db.Close()
	one, err := db.PrepareContext(t.Context(), `SELECT 1`)
	if err != nil {
		t.Fatal(err)
	}
	l.silent.Store(true)
	ctx, leave := context.WithCancel(t.Context())
	answer := make(chan error)
	go func() {
		var n int
		answer <- one.QueryRowContext(promptly(ctx)).Scan(&n)
	}()
	<-l.swallowed
	leave()
	select {
	case err := <-answer:
		if err == nil {
			t.Error("a read that was not answered succeeds")
		}
	case <-time.After(time.Minute):
		t.Fatal("the read does not end with its context")
	}
}

func TestFind_LeavesItsConnectionToTheNext(t *testing.T) {
	t.Parallel()
	l := newSilentLine(t, migrated(t))
	repo := openMigrated(t, l.dsn)
	find(t, repo)
	made := l.accepted.Load()
	for range 3 {
		find(t, repo) // in a context that ends afterwards
	}
	if more := l.accepted.Load() - made; more != 0 {
		t.Errorf("%d more connections for one read after the other", more)
	}
}

// find fails the test unless the store reports that there is no such key.
func find(t *testing.T, repo *KeyRepository) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := repo.Find(ctx, nobodysID); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Fatalf("Find gives %v, want ErrKeyNotFound", err)
	}
}

func openMigrated(t testing.TB, dsn string) *KeyRepository {
	t.Helper()
	repo, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return repo
}
