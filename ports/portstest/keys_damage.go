package portstest

import (
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// KeyDamage is one way in which a stored key can be damaged.
type KeyDamage struct {
	Name string
	// Parts are the parts of the key that are unreadable afterwards.
	Parts domain.Parts
	// Apply damages a stored key without using the store.
	Apply func(t testing.TB, id domain.KeyID)
}

// EventDamage is one way in which a stored event can be damaged.
type EventDamage struct {
	Name string
	// Apply damages the only event of a key without using the store.
	Apply func(t testing.TB, id domain.KeyID)
	// Edit changes the original event into the one that must be read.
	Edit func(*domain.Event)
}

// RunKeyRepositoryDamage tests that damage affects only the damaged part of a
// key. The key and its audit trail can still be read, listed and changed, and the
// key never grants more than before.
func RunKeyRepositoryDamage(t *testing.T, repo ports.KeyRepository, keys []KeyDamage, events []EventDamage) {
	for _, damage := range keys {
		t.Run(damage.Name, func(t *testing.T) {
			t.Parallel()
			for name, run := range map[string]func(*testing.T, ports.KeyRepository, KeyDamage){
				"is reported by every reader":       readsDamaged,
				"grants no more than before":        deniesDamaged,
				"is kept when other parts change":   keepsDamage,
				"is repaired by replacing the part": repairsDamage,
				"does not prevent deletion":         deletesDamaged,
				"cannot be copied to another key":   rejectsDamagedCopy,
				"does not prevent rotation":         rotatesDamaged,
				"does not prevent disabling":        disablesDamaged,
				"is replayed with the outcome":      replaysDamaged,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					run(t, repo, damage)
				})
			}
		})
	}
	for _, damage := range events {
		t.Run("an event: "+damage.Name, func(t *testing.T) {
			t.Parallel()
			e := issue(t)
			requireCreated(t, repo, e)
			damage.Apply(t, e.id())
			damage.Edit(&e.event)
			requireEvents(t, repo, e)
		})
	}
}

// damaged creates a key in a new workspace and damages it.
func damaged(t *testing.T, repo ports.KeyRepository, damage KeyDamage) entry {
	t.Helper()
	e := issue(t, in(newWorkspace()))
	requireCreated(t, repo, e)
	damage.Apply(t, e.id())
	return e
}

// unreadable returns the key of e as it is read if parts are unreadable.
func unreadable(e entry, parts domain.Parts) *domain.APIKey {
	s := e.key.Snapshot()
	s.Unreadable = parts
	if parts.Has(domain.PartSecrets) {
		s.Secrets[0] = domain.UnreadableSecret()
	}
	if parts.Has(domain.PartCreatedBy) {
		s.CreatedBy = ""
	}
	if parts.Has(domain.PartCreatedAt) {
		s.CreatedAt = time.Time{}
	}
	return domain.Rehydrate(s)
}

func find(t *testing.T, repo ports.KeyRepository, e entry) *domain.APIKey {
	t.Helper()
	found, err := repo.Find(t.Context(), e.id())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return found
}

func readsDamaged(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	e := damaged(t, repo, damage)
	other := issue(t, in(e.workspace()))
	requireCreated(t, repo, other)
	want := unreadable(e, damage.Parts)
	requireKey(t, want, find(t, repo, e))
	got, err := repo.Get(t.Context(), e.workspace(), e.id())
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	requireKey(t, want, got)

	listed := list(t, repo, e.workspace(), domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if len(listed.Keys) != 2 || listed.Total != 2 {
		t.Fatalf("List returns %d keys and the total %d, want 2", len(listed.Keys), listed.Total)
	}
	for _, key := range listed.Keys {
		if key.ID() == e.id() {
			requireKey(t, want, key)
		} else {
			requireKey(t, other.key, key)
		}
	}
	status := domain.KeyFilter{Status: want.Status(issuedAt), At: issuedAt}
	found := false
	for _, key := range list(t, repo, e.workspace(), status, domain.Order{}, domain.Page{}).Keys {
		found = found || key.ID() == e.id()
	}
	if !found {
		t.Errorf("the key is not listed with status %s", status.Status)
	}
	requireEvents(t, repo, e)
}

// anySecret accepts every secret, so that the verdict depends on the other parts.
type anySecret struct{}

func (anySecret) Verify(domain.Secret, domain.Digest) bool { return true }

// check returns the verdict of key at the time of issue, for a check that an
// undamaged key allows.
func check(t *testing.T, e entry, key *domain.APIKey) domain.Verdict {
	t.Helper()
	secret, err := domain.NewSecretOf(rand.Reader, e.id())
	if err != nil {
		t.Fatal(err)
	}
	permitted := domain.Check{Secret: secret, Scopes: []domain.Scope{"payment:read"}, Addr: netip.MustParseAddr("192.168.1.7")}
	return key.Authorize(permitted, anySecret{}, issuedAt).Verdict
}

func deniesDamaged(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	e := damaged(t, repo, damage)
	if got := check(t, e, e.key); got != domain.VerdictOK {
		t.Fatalf("the verdict before the damage is %s", got)
	}
	want := domain.VerdictOK
	for _, lost := range []struct {
		part    domain.Parts
		verdict domain.Verdict
	}{
		{domain.PartQuota, domain.VerdictQuotaExceeded},
		{domain.PartRateLimits, domain.VerdictRateLimited},
		{domain.PartScopes, domain.VerdictInsufficientScope},
		{domain.PartIPWhitelist, domain.VerdictIPNotAllowed},
		{domain.PartExpiresAt, domain.VerdictExpired},
		{domain.PartStatus, domain.VerdictDisabled},
		{domain.PartSecrets, domain.VerdictNotFound},
	} {
		if damage.Parts.Has(lost.part) {
			want = lost.verdict
		}
	}
	if got := check(t, e, find(t, repo, e)); got != want {
		t.Errorf("the verdict is %s, want %s", got, want)
	}
}

// newEventID returns a new event ID.
func newEventID(t *testing.T) string {
	t.Helper()
	id, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func revise(t *testing.T, repo ports.KeyRepository, e entry, r domain.Revision) {
	t.Helper()
	requireUpdated(t, repo, e, func(key *domain.APIKey) (domain.Event, error) {
		event, err := key.Revise(r, newEventID(t), owner, issuedAt)
		if err == nil && event.ID == "" {
			t.Error("the revision changes nothing")
		}
		return event, err
	})
}

func switchTo(t *testing.T, repo ports.KeyRepository, e entry, disabled bool) {
	t.Helper()
	requireUpdated(t, repo, e, func(key *domain.APIKey) (domain.Event, error) {
		if disabled {
			return key.Disable(newEventID(t), owner, issuedAt), nil
		}
		return key.Enable(newEventID(t), owner, issuedAt), nil
	})
}

func rotate(t *testing.T, repo ports.KeyRepository, e entry, digest domain.Digest) {
	t.Helper()
	requireUpdated(t, repo, e, func(key *domain.APIKey) (domain.Event, error) {
		return key.Rotate(digest, time.Hour, newEventID(t), owner, issuedAt)
	})
}

// revisions returns a revision for each part that can be revised.
func revisions(t *testing.T) map[domain.Parts]domain.Revision {
	t.Helper()
	return map[domain.Parts]domain.Revision{
		domain.PartName:        {Name: new(parsed(t, "Repaired Key", domain.ParseName))},
		domain.PartScopes:      {Scopes: new(scopes(t, "repaired:scope"))},
		domain.PartIPWhitelist: {IPWhitelist: new(whitelist(t, "10.0.0.0/8"))},
		domain.PartExpiresAt:   {ExpiresAt: new(issuedAt.Add(time.Hour))},
		domain.PartRateLimits:  {RateLimits: new(rateLimits(t, domain.RateLimitSpec{Name: "repaired", Limit: 1, WindowSeconds: 1}))},
		domain.PartQuota:       {Quota: new(quota(t, 1, "DAY"))},
	}
}

func keepsDamage(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	e := damaged(t, repo, damage)
	for part, revision := range revisions(t) {
		if !damage.Parts.Has(part) {
			revise(t, repo, e, revision)
		}
	}
	if !damage.Parts.Has(domain.PartStatus) {
		switchTo(t, repo, e, true)
		switchTo(t, repo, e, false)
	}
	if got := find(t, repo, e).Unreadable(); got != damage.Parts {
		t.Errorf("unreadable is %q, want %q as before", got, damage.Parts)
	}
}

func repairsDamage(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	e := damaged(t, repo, damage)
	left := damage.Parts
	for part, revision := range revisions(t) {
		if left.Has(part) {
			revise(t, repo, e, revision)
			left &^= part
		}
	}
	if left.Has(domain.PartStatus) {
		switchTo(t, repo, e, false)
		left &^= domain.PartStatus
	}
	if left.Has(domain.PartSecrets) {
		rotate(t, repo, e, newDigest())
		left &^= domain.PartSecrets
	}
	got := find(t, repo, e)
	if got.Unreadable() != left {
		t.Errorf("unreadable is %q, want %q", got.Unreadable(), left)
	}
	s := got.Snapshot()
	want := unreadable(e, left).Snapshot()
	for part, edit := range map[domain.Parts]func(){
		domain.PartName:        func() { want.Name = parsed(t, "Repaired Key", domain.ParseName) },
		domain.PartScopes:      func() { want.Scopes = scopes(t, "repaired:scope") },
		domain.PartIPWhitelist: func() { want.IPWhitelist = whitelist(t, "10.0.0.0/8") },
		domain.PartExpiresAt:   func() { want.ExpiresAt = issuedAt.Add(time.Hour) },
		domain.PartRateLimits: func() {
			want.RateLimits = rateLimits(t, domain.RateLimitSpec{Name: "repaired", Limit: 1, WindowSeconds: 1})
		},
		domain.PartQuota:   func() { want.Quota = quota(t, 1, "DAY") },
		domain.PartSecrets: func() { want.Secrets = s.Secrets },
	} {
		if damage.Parts.Has(part) {
			edit()
		}
	}
	if diff := cmp.Diff(want, s, exactly); diff != "" || len(s.Secrets) != 1 {
		t.Errorf("key differs, with %d secrets (-repaired +read):\n%s", len(s.Secrets), diff)
	}
}

func deletesDamaged(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	e := damaged(t, repo, damage)
	remove(t, repo, e)
	requireNotFound(t, repo, e.workspace(), e.id())
	requireTotal(t, repo, e.workspace(), 0)
}

func rejectsDamagedCopy(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	e := damaged(t, repo, damage)
	copied := rehydrated(t, issue(t), func(s *domain.Snapshot) {
		id := s.ID
		*s = find(t, repo, e).Snapshot()
		s.ID = id
	})
	if err := repo.Create(t.Context(), copied.key, copied.event, ports.CreateOptions{}); err == nil {
		t.Error("a partly unreadable key was created")
	}
}

func rotatesDamaged(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	if damage.Parts.Has(domain.PartExpiresAt) {
		return // such a key counts as expired, and an expired key cannot be rotated
	}
	e := damaged(t, repo, damage)
	digest := newDigest()
	rotate(t, repo, e, digest)
	s := find(t, repo, e).Snapshot()
	if want := damage.Parts &^ domain.PartSecrets; s.Secrets[0].Digest != digest || s.Unreadable != want {
		t.Errorf("the secret is not the new one, or unreadable is %q, want %q", s.Unreadable, want)
	}
}

func disablesDamaged(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	e := damaged(t, repo, damage)
	switchTo(t, repo, e, true)
	key := find(t, repo, e)
	if want := damage.Parts &^ domain.PartStatus; key.Status(issuedAt) != domain.StatusDisabled || key.Unreadable() != want {
		t.Errorf("the key is %s and unreadable is %q, want DISABLED and %q", key.Status(issuedAt), key.Unreadable(), want)
	}
}

func replaysDamaged(t *testing.T, repo ports.KeyRepository, damage KeyDamage) {
	e := damaged(t, repo, damage)
	idempotency := newIdempotency()
	var left domain.Snapshot
	err := updateUnder(repo, e, idempotency, func(key *domain.APIKey) (domain.Event, error) {
		event := key.Delete(newEventID(t), owner, issuedAt)
		left = key.Snapshot()
		return event, nil
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	replayed, err := repo.Replayed(t.Context(), e.workspace(), *idempotency)
	if err != nil || replayed == nil {
		t.Fatalf("Replayed returns %v and %v", replayed, err)
	}
	got := replayed.Outcome.Snapshot()
	left.Secrets, left.Unreadable, got.Unreadable = nil, 0, 0
	if diff := cmp.Diff(left, got, exactly); diff != "" {
		t.Errorf("the outcome differs (-first +repeated):\n%s", diff)
	}
}
