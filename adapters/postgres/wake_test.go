package postgres_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func TestFeed_IsWokenByUpdatesOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo, other := openDSN(t, dsn), openDSN(t, dsn)
	id := createOne(t, other)
	feed := repo.Follow()
	t.Cleanup(func() { _ = feed.Close() })
	requireWoken(t, feed) // it listens

	disable(t, other, id)
	requireWoken(t, feed)
}

func TestFeed_IsWokenAgainAfterItsListenerWasCutOff(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := createOne(t, repo)
	feed := repo.Follow()
	t.Cleanup(func() { _ = feed.Close() })
	requireWoken(t, feed)

	exec(t, dsn, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	requireWoken(t, feed) // it listens again, and cannot know which notifications it missed
	disable(t, repo, id)
	requireWoken(t, feed)
}

func requireWoken(t *testing.T, feed ports.ChangeFeed) {
	t.Helper()
	select {
	case <-feed.Wake():
	case <-time.After(time.Minute):
		t.Fatal("the follower is not woken")
	}
}

func disable(t *testing.T, repo *postgres.KeyRepository, id domain.KeyID) {
	t.Helper()
	if err := repo.Update(t.Context(), "ws_a", id, func(key *domain.APIKey) (domain.Event, error) {
		return key.Disable(newEventID(t), domain.Author{}, time.Now()), nil
	}, ports.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}
