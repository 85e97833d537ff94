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

// RunChangeFeed tests the promises of [ports.ChangeFeed]. open returns two
// handles to one store that nothing else uses, like those of two processes; they
// may be identical.
func RunChangeFeed(t *testing.T, open func(t testing.TB) (followed, other FollowedStore)) {
	cases := map[string]func(t *testing.T, followed, other FollowedStore){
		"reports lost changes at first":          reportsLostAtFirst,
		"reports changes made before the poll":   reportsChanges,
		"reports no unchanged key":               reportsNoMore,
		"reports to each follower":               reportsToEachFollower,
		"keeps its position after a failed poll": keepsPosition,
		"misses no key of concurrent writers":    missesNoKey,
		"wakes its follower after a change":      wakes,
		"fails with a cancelled context":         pollRespectsContext,
		"closes without affecting other feeds":   closesAlone,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			followed, other := open(t)
			run(t, followed, other)
		})
	}
}

// follow returns a feed that has been polled once.
func follow(t *testing.T, store ports.ChangeSource) ports.ChangeFeed {
	t.Helper()
	feed := store.Follow()
	t.Cleanup(func() {
		if err := feed.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if changes := poll(t, feed); !changes.Lost {
		t.Error("the first poll does not report lost changes")
	}
	return feed
}

// poll polls until it succeeds. On a busy machine a poll may time out; the feed must
// lose nothing by that.
func poll(t *testing.T, feed ports.ChangeFeed) ports.Changes {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		changes, err := feed.Poll(ctx)
		switch {
		case err == nil:
			return changes
		case !errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil:
			t.Fatalf("Poll: %v", err)
		}
	}
}

func requireReported(t *testing.T, feed ports.ChangeFeed, e entry) {
	t.Helper()
	if changes := poll(t, feed); !changes.Lost && !slices.Contains(changes.Keys, e.id()) {
		t.Errorf("the change of %s is not in %v", e.id(), changes.Keys)
	}
}

func reportsLostAtFirst(t *testing.T, followed, _ FollowedStore) {
	feed := follow(t, followed)
	if changes := poll(t, feed); changes.Lost {
		t.Error("the second poll reports lost changes too")
	}
}

func reportsChanges(t *testing.T, followed, other FollowedStore) {
	feed := follow(t, followed)
	for _, by := range []FollowedStore{followed, other} {
		e := issue(t)
		requireCreated(t, by, e)
		requireReported(t, feed, e)
		disable(t, by, e)
		requireReported(t, feed, e)
		requireUpdated(t, by, e, stateOf(t, issuedAt, func(s *domain.Snapshot) { s.DeletedAt = issuedAt }))
		requireReported(t, feed, e)
	}
}

// reportsNoMore uses a key that was created before the feed, so that it was never
// reported.
func reportsNoMore(t *testing.T, followed, other FollowedStore) {
	e := issue(t)
	requireCreated(t, followed, e)
	feed := follow(t, followed)

	recordUse(t, other, usedAt, e.id())
	rehash(t, other, domain.Rehash{KeyID: e.id(), Old: e.key.Snapshot().Secrets[0].Digest, New: newDigest()})
	rejection := errors.New("rejected")
	for _, why := range []error{nil, rejection} {
		err := update(t.Context(), other, e.workspace(), e.id(), func(*domain.APIKey) (domain.Event, error) { return domain.Event{}, why })
		if !errors.Is(err, why) {
			t.Fatalf("Update: %v", err)
		}
	}
	if changes := poll(t, feed); changes.Lost || slices.Contains(changes.Keys, e.id()) {
		t.Errorf("poll returns %v, lost: %v", changes.Keys, changes.Lost)
	}
}

func reportsToEachFollower(t *testing.T, followed, other FollowedStore) {
	one, two, three := follow(t, followed), follow(t, followed), follow(t, other)
	first, second := issue(t), issue(t)
	requireCreated(t, followed, first)
	requireReported(t, one, first)
	requireCreated(t, followed, second)
	requireReported(t, one, second)
	for _, feed := range []ports.ChangeFeed{two, three} {
		keys := poll(t, feed).Keys
		if !slices.Contains(keys, first.id()) || !slices.Contains(keys, second.id()) {
			t.Errorf("another follower gets %v, want both", keys)
		}
	}
}

func keepsPosition(t *testing.T, followed, _ FollowedStore) {
	feed := follow(t, followed)
	e := issue(t)
	requireCreated(t, followed, e)
	pollCancelled(t, feed)
	requireReported(t, feed, e)
}

func pollRespectsContext(t *testing.T, followed, _ FollowedStore) {
	feed := followed.Follow()
	t.Cleanup(func() { _ = feed.Close() })
	pollCancelled(t, feed)
	if changes := poll(t, feed); !changes.Lost {
		t.Error("the first successful poll does not report lost changes")
	}
}

func pollCancelled(t *testing.T, feed ports.ChangeFeed) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := feed.Poll(ended); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Poll returns %v, want ErrUnavailable", err)
	}
}

// missesNoKey has concurrent writers. Each one polls after its change and checks
// that the polls so far have reported it.
func missesNoKey(t *testing.T, followed, other FollowedStore) {
	const each = 8
	feed := follow(t, followed)
	var mu sync.Mutex
	reported := map[domain.KeyID]int{}
	requireReportedTimes := func(id domain.KeyID, times int) error {
		mu.Lock()
		defer mu.Unlock()
		changes, err := feed.Poll(t.Context())
		for _, id := range changes.Keys {
			reported[id]++
		}
		if err == nil && !changes.Lost && reported[id] < times {
			t.Errorf("%s was reported %d times, want %d", id, reported[id], times)
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
			if err := errors.Join(by.Create(t.Context(), e.key, e.event, ports.CreateOptions{}), requireReportedTimes(e.id(), 1)); err != nil {
				return err
			}
			change := stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Disabled = true })
			if err := errors.Join(update(t.Context(), by, e.workspace(), e.id(), change), requireReportedTimes(e.id(), 2)); err != nil {
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
		t.Fatal("the follower was not woken")
	}
	requireReported(t, feed, e)
}

func closesAlone(t *testing.T, followed, _ FollowedStore) {
	closed, open := followed.Follow(), follow(t, followed)
	if err := closed.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	e := issue(t)
	requireCreated(t, followed, e)
	requireReported(t, open, e)
}
