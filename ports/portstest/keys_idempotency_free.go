package portstest

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func leavesUnusedOnRejectedCreate(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	made := fill(t, repo, ws, 1)[0]
	idempotency, e := newIdempotency(), issue(t, in(ws))
	create := func(e entry, maxKeys int) error {
		return repo.Create(t.Context(), e.key, e.event, ports.CreateOptions{MaxKeys: maxKeys, Idempotency: idempotency})
	}
	if err := create(e, 1); !errors.Is(err, domain.ErrTooManyKeys) {
		t.Errorf("Create returns %v, want ErrTooManyKeys", err)
	}
	requireWouldBe(t, repo, ws, idempotency, nil)
	if err := create(made, 2); !errors.Is(err, domain.ErrKeyExists) {
		t.Errorf("Create returns %v, want ErrKeyExists", err)
	}
	requireWouldBe(t, repo, ws, idempotency, nil)
	requireAbsent(t, repo, e)
	if err := create(e, 2); err != nil {
		t.Errorf("Create returns %valthough the idempotency key is unused", err)
	}
	requireTotal(t, repo, ws, 2)
}

func leavesUnusedOnRejectedUpdate(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	requireCreated(t, repo, e)
	idempotency, rejection := newIdempotency(), errors.New("rejected")
	err := updateUnder(repo, e, idempotency, func(key *domain.APIKey) (domain.Event, error) {
		event, _ := stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Disabled = true })(key)
		return event, rejection
	})
	if err != rejection { //nolint:errorlint // must be returned unchanged
		t.Errorf("Update returns %v, want the error of change unchanged", err)
	}
	requireWouldBe(t, repo, e.workspace(), idempotency, nil)
	unknown := issue(t, in(e.workspace()))
	if err := updateUnder(repo, unknown, idempotency, mustNotChange(t)); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("Update returns %v, want ErrKeyNotFound", err)
	}
	requireWouldBe(t, repo, e.workspace(), idempotency, nil)
	requireStored(t, repo, e)
	if err := updateUnder(repo, e, idempotency, deletion(t, e)); err != nil {
		t.Errorf("Update returns %valthough the idempotency key is unused", err)
	}
}

// usesForNoChange modifies the key it is given and then returns an event without
// an ID, which means that nothing has changed.
func usesForNoChange(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	requireCreated(t, repo, e)
	idempotency := newIdempotency()
	if err := updateUnder(repo, e, idempotency, func(key *domain.APIKey) (domain.Event, error) {
		_, err := stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Disabled = true })(key)
		return domain.Event{}, err
	}); err != nil {
		t.Fatalf("Update: %v", err)
	}
	requireStored(t, repo, e)
	requireReplayed(t, updateUnder(repo, e, idempotency, mustNotChange(t)), e.key.Snapshot(), idempotency.At)
	requireStored(t, repo, e)
}

func keepsOutcomes(t *testing.T, repo ports.KeyRepository) {
	for name, edit := range map[string]func(*domain.Snapshot){
		"a plain key": func(*domain.Snapshot) {},
		"every field": func(s *domain.Snapshot) {
			s.Name = parsed(t, `'); -- "\u0000{}%_ 鍵 🔑`, domain.ParseName)
			s.Mode, s.Disabled = domain.ModeTest, true
			s.Scopes = scopes(t, "z.z:a", "a-b_c:9")
			s.IPWhitelist = whitelist(t, "2001:db8::/32", "::1", "10.0.0.1", "0.0.0.0/0")
			s.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
			s.LastUsedAt = issuedAt.Add(time.Microsecond)
			s.RateLimits = rateLimits(t, domain.RateLimitSpec{Name: "z", Limit: 1, WindowSeconds: 2}, domain.RateLimitSpec{Name: "a", Limit: 3, WindowSeconds: 4})
			s.Quota = quota(t, domain.MaxQuota, "TOTAL")
		},
		"no optional field": func(s *domain.Snapshot) {
			s.Scopes, s.IPWhitelist, s.ExpiresAt, s.CreatedBy = domain.ScopeSet{}, domain.IPWhitelist{}, time.Time{}, ""
			s.RateLimits, s.Quota = nil, domain.Limit{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := rehydrated(t, issue(t, in(newWorkspace())), edit)
			created, disabled := newIdempotency(), newIdempotency()
			if err := createUnder(repo, e, created); err != nil {
				t.Fatalf("Create: %v", err)
			}
			requireReplayed(t, createUnder(repo, e, created), e.key.Snapshot(), created.At)
			var left domain.Snapshot
			if err := updateUnder(repo, e, disabled, stateOf(t, issuedAt, func(s *domain.Snapshot) {
				s.Disabled = !s.Disabled
				left = *s
			})); err != nil {
				t.Fatalf("Update: %v", err)
			}
			requireReplayed(t, updateUnder(repo, e, disabled, mustNotChange(t)), left, disabled.At)
		})
	}
}

func separatesWorkspaces(t *testing.T, repo ports.KeyRepository) {
	one, other := issue(t, in("ws")), issue(t, in("ws1"))
	first, second := newIdempotency(), newIdempotency()
	second.Key = first.Key
	requireNone := func(e entry, idempotency *ports.Idempotency) {
		t.Helper()
		requireWouldBe(t, repo, e.workspace(), idempotency, nil)
		if err := createUnder(repo, e, idempotency); err != nil {
			t.Fatalf("Create: %v", err)
		}
	}
	requireNone(one, first)
	requireNone(other, second)
	third, fourth := newIdempotency(), newIdempotency()
	third.Key, fourth.Key = "1"+first.Key, first.Key+"1"
	requireNone(issue(t, in("ws")), third)
	requireNone(issue(t, in("ws")), fourth)
	requireReplayed(t, createUnder(repo, one, first), one.key.Snapshot(), first.At)
	requireReplayed(t, createUnder(repo, other, second), other.key.Snapshot(), second.At)
}

// forgets uses idempotency keys that expired long ago, unlike all other tests.
func forgets(t *testing.T, repo ports.KeyRepository) {
	ws, ago := newWorkspace(), issuedAt.AddDate(-20, 0, 0)
	var stored []*ports.Idempotency
	for i := range 5 { // they expire at ago, ago + 1 h, …
		idempotency := newIdempotency()
		idempotency.At, idempotency.Until = ago.Add(-time.Hour), ago.Add(time.Duration(i)*time.Hour)
		if err := createUnder(repo, issue(t, in(ws)), idempotency); err != nil {
			t.Fatalf("Create: %v", err)
		}
		stored = append(stored, idempotency)
	}
	for _, step := range []struct {
		since       time.Time
		limit, want int
	}{
		{ago.Add(-time.Microsecond), 10, 0},
		{ago, 10, 1},
		{ago.Add(3 * time.Hour), 0, 0},
		{ago.Add(3 * time.Hour), 2, 2},
		{ago.Add(3 * time.Hour), 2, 1},
		{ago.Add(3 * time.Hour), 2, 0},
	} {
		got, err := repo.Forget(t.Context(), step.since, step.limit)
		if err != nil || got != step.want {
			t.Errorf("Forget(%v, %d) returns %d and %v, want %d", step.since, step.limit, got, err, step.want)
		}
	}
	for i, idempotency := range stored {
		replayed, err := repo.Replayed(t.Context(), ws, *idempotency)
		if forgotten := i < 4; err != nil || (replayed == nil) != forgotten {
			t.Errorf("idempotency key %d: Replayed returns %v and %v, forgotten: %v", i, replayed, err, forgotten)
		}
	}
	requireTotal(t, repo, ws, 5)
}
