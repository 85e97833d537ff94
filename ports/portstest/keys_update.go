package portstest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// updateCases test ports.KeyWriter.Update for sequential callers.
var updateCases = map[string]func(*testing.T, ports.KeyRepository){
	"keeps every field that an update changes":        keepsUpdates,
	"keeps fields that an update does not change":     keepsTheRest,
	"lists the events of updates newest first":        ordersEvents,
	"stores nothing if change returns an error":       respectsRejection,
	"stores nothing if change returns no event":       respectsNoChange,
	"does not update a missing key":                   updatesNothing,
	"hides a key deleted by an update, not its trail": hidesUpdatedToDeleted,
	"respects the context during an update":           respectsUpdateContext,
	"survives a panic in change":                      survivesPanic,
}

// stateOf returns a change that edits the state of a key at the given time.
func stateOf(t rapid.TB, at time.Time, edit func(*domain.Snapshot)) func(*domain.APIKey) (domain.Event, error) {
	return func(key *domain.APIKey) (domain.Event, error) {
		s := key.Snapshot()
		edit(&s)
		*key = *domain.Rehydrate(s)
		event := disabledEvent(t, key.ID(), s.Workspace, at)
		event.Changes = []domain.Change{{Field: "name", New: s.Name.String()}}
		return event, nil
	}
}

func disabledEvent(t rapid.TB, id domain.KeyID, ws domain.WorkspaceID, at time.Time) domain.Event {
	t.Helper()
	eventID, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatalf("create an event ID: %v", err)
	}
	return domain.Event{ID: eventID, KeyID: id, Workspace: ws, Type: domain.EventDisabled, At: at, By: owner}
}

// update changes a key without an idempotency key.
func update(ctx context.Context, repo ports.KeyWriter, ws domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error)) error {
	return repo.Update(ctx, ws, id, change, ports.UpdateOptions{})
}

func requireUpdated(t rapid.TB, repo ports.KeyRepository, e entry, change func(*domain.APIKey) (domain.Event, error)) {
	t.Helper()
	if err := update(context.Background(), repo, e.workspace(), e.id(), change); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// disable toggles whether a key is disabled; it is the simplest update.
func disable(t rapid.TB, repo ports.KeyRepository, e entry) {
	t.Helper()
	requireUpdated(t, repo, e, stateOf(t, issuedAt.Add(time.Second), func(s *domain.Snapshot) { s.Disabled = !s.Disabled }))
}

func keepsUpdates(t *testing.T, repo ports.KeyRepository) {
	cases := map[string]func(*domain.Snapshot){
		"another name": func(s *domain.Snapshot) { s.Name = parsed(t, "改名 🔑", domain.ParseName) },
		"other scopes": func(s *domain.Snapshot) { s.Scopes = scopes(t, "z:z", "a:a") },
		"no scopes":    func(s *domain.Snapshot) { s.Scopes = domain.ScopeSet{} },
		"other ranges": func(s *domain.Snapshot) { s.IPWhitelist = whitelist(t, "::1", "10.0.0.0/8") },
		"no whitelist": func(s *domain.Snapshot) { s.IPWhitelist = domain.IPWhitelist{} },
		"disabled":     func(s *domain.Snapshot) { s.Disabled = true },
		"later expiry": func(s *domain.Snapshot) { s.ExpiresAt = issuedAt.Add(time.Hour * 99) },
		"no expiry":    func(s *domain.Snapshot) { s.ExpiresAt = time.Time{} },
		"other rate limits": func(s *domain.Snapshot) {
			s.RateLimits = rateLimits(t, domain.RateLimitSpec{Name: "burst", Limit: 10, WindowSeconds: 1}, domain.RateLimitSpec{Name: "default", Limit: 9, WindowSeconds: 60})
		},
		"no rate limits": func(s *domain.Snapshot) { s.RateLimits = nil },
		"another quota":  func(s *domain.Snapshot) { s.Quota = quota(t, 7, "DAY") },
		"no quota":       func(s *domain.Snapshot) { s.Quota = domain.Limit{} },
		"rotated":        func(s *domain.Snapshot) { s.Secrets = []domain.StoredSecret{{Digest: newDigest()}} },
		"grace ended":    func(s *domain.Snapshot) { s.Secrets[0].ValidUntil = issuedAt },
		"rotated with grace": func(s *domain.Snapshot) {
			s.Secrets[0].ValidUntil = issuedAt.Add(time.Hour)
			s.Secrets = append([]domain.StoredSecret{{Digest: newDigest()}}, s.Secrets...)
		},
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := issue(t)
			requireCreated(t, repo, e)
			var want domain.Snapshot
			requireUpdated(t, repo, e, stateOf(t, issuedAt, func(s *domain.Snapshot) {
				edit(s)
				want = *s
			}))
			got, err := repo.Get(t.Context(), e.workspace(), e.id())
			if err != nil {
				t.Fatalf("Get: %v", err)
			}
			requireKey(t, domain.Rehydrate(want), got)
		})
	}
}

func keepsTheRest(t *testing.T, repo ports.KeyRepository) {
	e := rehydrated(t, issue(t), func(s *domain.Snapshot) {
		s.LastUsedAt = issuedAt
		s.Secrets = append(s.Secrets, domain.StoredSecret{Digest: newDigest(), ValidUntil: issuedAt})
	})
	requireCreated(t, repo, e)
	disable(t, repo, e)
	disable(t, repo, e)
	found, err := repo.Find(t.Context(), e.id())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	requireKey(t, e.key, found)
}

func ordersEvents(t *testing.T, repo ports.KeyRepository) {
	e := issue(t)
	requireCreated(t, repo, e)
	want := []domain.Event{e.event}
	for i := range 3 {
		requireUpdated(t, repo, e, func(key *domain.APIKey) (domain.Event, error) {
			event, err := stateOf(t, issuedAt.Add(time.Duration(i+1)*time.Second), func(s *domain.Snapshot) {
				s.Name = parsed(t, fmt.Sprintf("Name %d", i), domain.ParseName)
			})(key)
			want = append([]domain.Event{event}, want...)
			return event, err
		})
	}
	got, err := eventsOf(t.Context(), repo, e.workspace(), e.id())
	if err != nil {
		t.Fatalf("Events: %v", err)
	}
	if diff := cmp.Diff(want, got, exactly); diff != "" {
		t.Fatalf("events differ (-stored +read):\n%s", diff)
	}
}

func respectsRejection(t *testing.T, repo ports.KeyRepository) {
	e := issue(t)
	requireCreated(t, repo, e)
	rejection := errors.New("rejected")
	err := update(t.Context(), repo, e.workspace(), e.id(), func(key *domain.APIKey) (domain.Event, error) {
		event, _ := stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Disabled = true })(key)
		return event, rejection
	})
	if err != rejection { //nolint:errorlint // must be returned unchanged
		t.Errorf("Update returns %v, want the error of change unchanged", err)
	}
	requireStored(t, repo, e)
}

func respectsNoChange(t *testing.T, repo ports.KeyRepository) {
	e := issue(t)
	requireCreated(t, repo, e)
	requireUpdated(t, repo, e, func(key *domain.APIKey) (domain.Event, error) {
		_, err := stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Disabled = true })(key)
		return domain.Event{}, err
	})
	requireStored(t, repo, e)
}

func updatesNothing(t *testing.T, repo ports.KeyRepository) {
	living := issue(t)
	deleted := rehydrated(t, issue(t), func(s *domain.Snapshot) { s.DeletedAt = issuedAt })
	requireCreated(t, repo, living)
	requireCreated(t, repo, deleted)
	cases := map[string]struct {
		ws domain.WorkspaceID
		id domain.KeyID
	}{
		"unknown":         {living.workspace(), issue(t).id()},
		"deleted":         {deleted.workspace(), deleted.id()},
		"other workspace": {"ws_other", living.id()},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			called := false
			err := update(t.Context(), repo, c.ws, c.id, func(*domain.APIKey) (domain.Event, error) {
				called = true
				return domain.Event{}, nil
			})
			if !errors.Is(err, domain.ErrKeyNotFound) || called {
				t.Errorf("Update returns %v and calls change: %v, want ErrKeyNotFound and no call", err, called)
			}
		})
	}
	requireStored(t, repo, living)
}

func hidesUpdatedToDeleted(t *testing.T, repo ports.KeyRepository) {
	e := issue(t)
	requireCreated(t, repo, e)
	requireUpdated(t, repo, e, func(key *domain.APIKey) (domain.Event, error) {
		event := disabledEvent(t, key.ID(), e.workspace(), issuedAt)
		return key.Delete(event.ID, owner, issuedAt.Add(time.Second)), nil
	})
	requireNotFound(t, repo, e.workspace(), e.id())
	if _, err := repo.Find(t.Context(), e.id()); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("Find returns %v, want ErrKeyNotFound", err)
	}
	events, err := eventsOf(t.Context(), repo, e.workspace(), e.id())
	if err != nil || len(events) != 2 || events[0].Type != domain.EventDeleted {
		t.Errorf("Events returns %v and %v, want the deletion before the creation", events, err)
	}
	again := rehydrated(t, e, func(*domain.Snapshot) {})
	if err := repo.Create(t.Context(), again.key, again.event, ports.CreateOptions{}); !errors.Is(err, domain.ErrKeyExists) {
		t.Errorf("Create returns %v, want ErrKeyExists", err)
	}
}

func respectsUpdateContext(t *testing.T, repo ports.KeyRepository) {
	e := issue(t)
	requireCreated(t, repo, e)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := update(ctx, repo, e.workspace(), e.id(), func(key *domain.APIKey) (domain.Event, error) {
		cancel()
		return stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Disabled = true })(key)
	})
	if err != nil && !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Update returns %v, want nil or ErrUnavailable", err)
	}
	disable(t, repo, e) // no lock is left behind
}

func survivesPanic(t *testing.T, repo ports.KeyRepository) {
	e := issue(t)
	requireCreated(t, repo, e)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic does not reach the caller")
			}
		}()
		_ = update(t.Context(), repo, e.workspace(), e.id(), func(*domain.APIKey) (domain.Event, error) { panic("in a change") })
	}()
	requireStored(t, repo, e)
	disable(t, repo, e)
}
