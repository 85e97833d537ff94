package portstest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// FollowedStore is a store whose changes can be followed.
type FollowedStore interface {
	UsageStore
	ports.ChangeSource
}

// RunChangeFeed holds a store to the promises of [ports.ChangeFeed]. open
// returns two ways to one store that nobody else uses, as two processes have
// them; they may be the same.
func RunChangeFeed(t *testing.T, open func(t testing.TB) (followed, other FollowedStore)) {
	cases := map[string]func(t *testing.T, followed, other FollowedStore){
		"says at first that all may have changed":        saysLostAtFirst,
		"tells what changed before it is polled":         tellsChanges,
		"tells nothing of what did not change":           tellsNoMore,
		"tells each follower":                            tellsEachFollower,
		"keeps its position when a poll fails":           keepsPosition,
		"misses no key of many writers":                  missesNothing,
		"wakes its follower after a change":              wakes,
		"gives up a poll under a context that has ended": pollHonoursContext,
		"is closed while others go on":                   closesAlone,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			followed, other := open(t)
			run(t, followed, other)
		})
	}
}

// follow returns a feed that was polled once.
func follow(t *testing.T, store ports.ChangeSource) ports.ChangeFeed {
	t.Helper()
	feed := store.Follow()
	t.Cleanup(func() {
		if err := feed.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if changes := poll(t, feed); !changes.Lost {
		t.Error("the first poll does not say that all may have changed")
	}
	return feed
}

func poll(t *testing.T, feed ports.ChangeFeed) ports.Changes {
	t.Helper()
	changes, err := feed.Poll(t.Context())
	if err != nil {
		t.Fatalf("Poll: %v", err)
	}
	return changes
}

func requireTold(t *testing.T, feed ports.ChangeFeed, e entry) {
	t.Helper()
	if changes := poll(t, feed); !changes.Lost && !slices.Contains(changes.Keys, e.id()) {
		t.Errorf("a change of %s is not told in %v", e.id(), changes.Keys)
	}
}

func saysLostAtFirst(t *testing.T, followed, _ FollowedStore) {
	feed := follow(t, followed)
	if changes := poll(t, feed); changes.Lost {
		t.Error("the second poll says so too")
	}
}

func tellsChanges(t *testing.T, followed, other FollowedStore) {
	feed := follow(t, followed)
	for _, by := range []FollowedStore{followed, other} {
		e := issue(t)
		requireCreated(t, by, e)
		requireTold(t, feed, e)
		disable(t, by, e)
		requireTold(t, feed, e)
		requireUpdated(t, by, e, stateOf(t, issuedAt, func(s *domain.Snapshot) { s.DeletedAt = issuedAt }))
		requireTold(t, feed, e)
	}
}

// tellsNoMore has a key that was never told, since it was made before.
func tellsNoMore(t *testing.T, followed, other FollowedStore) {
	e := issue(t)
	requireCreated(t, followed, e)
	feed := follow(t, followed)

	recordUse(t, other, usedAt, e.id())
	rehash(t, other, domain.Rehash{KeyID: e.id(), Old: e.key.Snapshot().Secrets[0].Digest, New: newDigest()})
	refusal := errors.New("refused")
	for _, why := range []error{nil, refusal} {
		err := update(t.Context(), other, e.workspace(), e.id(), func(*domain.APIKey) (domain.Event, error) { return domain.Event{}, why })
		if !errors.Is(err, why) {
			t.Fatalf("Update: %v", err)
		}
	}
	if changes := poll(t, feed); changes.Lost || slices.Contains(changes.Keys, e.id()) {
		t.Errorf("%v is told, lost: %v", changes.Keys, changes.Lost)
	}
}

func tellsEachFollower(t *testing.T, followed, other FollowedStore) {
	one, two, three := follow(t, followed), follow(t, followed), follow(t, other)
	first, second := issue(t), issue(t)
	requireCreated(t, followed, first)
	requireTold(t, one, first)
	requireCreated(t, followed, second)
	requireTold(t, one, second)
	for _, feed := range []ports.ChangeFeed{two, three} {
		keys := poll(t, feed).Keys
		if !slices.Contains(keys, first.id()) || !slices.Contains(keys, second.id()) {
			t.Errorf("another follower is told %v, want both", keys)
		}
	}
}

func keepsPosition(t *testing.T, followed, _ FollowedStore) {
	feed := follow(t, followed)
	e := issue(t)
	requireCreated(t, followed, e)
	pollEnded(t, feed)
	requireTold(t, feed, e)
}

func pollHonoursContext(t *testing.T, followed, _ FollowedStore) {
	feed := followed.Follow()
	t.Cleanup(func() { _ = feed.Close() })
	pollEnded(t, feed)
	if changes := poll(t, feed); !changes.Lost {
		t.Error("the first poll that succeeds does not say that all may have changed")
	}
}

func pollEnded(t *testing.T, feed ports.ChangeFeed) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := feed.Poll(ended); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Poll gives %v, want ErrUnavailable", err)
	}
}

// missesNothing has writers who each look, right after a change, whether the
// polls so far and one more have told it.
func missesNothing(t *testing.T, followed, other FollowedStore) {
	const each = 8
	feed := follow(t, followed)
	var mu sync.Mutex
	told := map[domain.KeyID]int{}
	requireToldTimes := func(id domain.KeyID, times int) error {
		mu.Lock()
		defer mu.Unlock()
		changes, err := feed.Poll(t.Context())
		for _, id := range changes.Keys {
			told[id]++
		}
		if err == nil && !changes.Lost && told[id] < times {
			t.Errorf("%s was told %d times, want %d", id, told[id], times)
		}
		return err
	}
	errs := together(creators, func(i int) error {
		by := followed
		if i%2 == 1 {
			by = other
		}
		for range each {
			e := issue(t)
			if err := errors.Join(by.Create(t.Context(), e.key, e.event, ports.CreateOptions{}), requireToldTimes(e.id(), 1)); err != nil {
				return err
			}
			change := stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Disabled = true })
			if err := errors.Join(update(t.Context(), by, e.workspace(), e.id(), change), requireToldTimes(e.id(), 2)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func wakes(t *testing.T, followed, _ FollowedStore) {
	e := issue(t)
	requireCreated(t, followed, e)
	feed := follow(t, followed)
	disable(t, followed, e)
	select {
	case <-feed.Wake():
	case <-time.After(time.Minute):
		t.Fatal("the follower is not woken")
	}
	requireTold(t, feed, e)
}

func closesAlone(t *testing.T, followed, _ FollowedStore) {
	closed, open := followed.Follow(), follow(t, followed)
	if err := closed.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	e := issue(t)
	requireCreated(t, followed, e)
	requireTold(t, open, e)
}
