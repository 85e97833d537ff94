package portstest

import (
	"crypto/rand"
	"net/netip"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

// entry is a key with its creation event, as a use case passes them to a store.
type entry struct {
	key   *domain.APIKey
	event domain.Event
}

func (e entry) id() domain.KeyID              { return e.key.ID() }
func (e entry) workspace() domain.WorkspaceID { return e.key.Snapshot().Workspace }

// issuedAt has a fraction in microseconds, which a store must keep.
var issuedAt = time.Date(2026, 3, 21, 7, 30, 15, 123456000, time.UTC)

// issue creates a plain key, modified by edit.
func issue(t rapid.TB, edit ...func(*domain.Draft)) entry {
	t.Helper()
	draft := plainDraft(t)
	for _, e := range edit {
		e(&draft)
	}
	return issueBy(t, draft, owner, issuedAt)
}

var owner = domain.Author{
	AccountID: "acc_owner",
	Portal:    domain.PortalPartner,
	Origin: domain.Origin{
		ClientHash: "device-1",
		IP:         netip.MustParseAddr("203.0.113.9"),
		RequestID:  "req-1",
	},
}

func issueBy(t rapid.TB, draft domain.Draft, by domain.Author, now time.Time) entry {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, draft.Mode)
	if err != nil {
		t.Fatalf("create a secret: %v", err)
	}
	key, err := domain.Issue(draft, secret.KeyID(), newDigest(), by, now)
	if err != nil {
		t.Fatalf("issue a key: %v", err)
	}
	return entry{key: key, event: created(t, key, by)}
}

func created(t rapid.TB, key *domain.APIKey, by domain.Author) domain.Event {
	t.Helper()
	id, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatalf("create an event ID: %v", err)
	}
	return key.Created(id, by)
}

// rehydrated returns e in a state that it could reach later, as set by edit.
func rehydrated(t rapid.TB, e entry, edit func(*domain.Snapshot)) entry {
	t.Helper()
	s := e.key.Snapshot()
	edit(&s)
	key := domain.Rehydrate(s)
	return entry{key: key, event: created(t, key, owner)}
}

func plainDraft(t rapid.TB) domain.Draft {
	t.Helper()
	return domain.Draft{
		Workspace:   "ws_plain",
		Name:        parsed(t, "Production Key", domain.ParseName),
		Mode:        domain.ModeLive,
		Scopes:      scopes(t, "payment:read", "payment:write"),
		IPWhitelist: whitelist(t, "192.168.1.0/24"),
		ExpiresAt:   issuedAt.Add(24 * time.Hour).Truncate(time.Second),
		RateLimits:  rateLimits(t, domain.RateLimitSpec{Name: "default", Limit: 100, WindowSeconds: 60}),
		Quota:       quota(t, 100_000, "MONTH"),
	}
}

func rateLimits(t rapid.TB, specs ...domain.RateLimitSpec) []domain.Limit {
	t.Helper()
	limits, faults := domain.ParseRateLimits(specs)
	if faults != nil {
		t.Fatalf("rate limits: %v", faults)
	}
	return limits
}

func quota(t rapid.TB, most int64, period string) domain.Limit {
	t.Helper()
	limit, faults := domain.ParseQuota(domain.QuotaSpec{Limit: most, Period: period})
	if faults != nil {
		t.Fatalf("quota: %v", faults)
	}
	return limit
}

func newDigest() domain.Digest {
	d := domain.Digest{Algorithm: domain.AlgorithmHMACSHA256, PepperID: "p1"}
	_, _ = rand.Read(d.Sum[:])
	return d
}

func scopes(t rapid.TB, codes ...domain.Scope) domain.ScopeSet {
	t.Helper()
	set, faults := domain.NewScopeSet(codes...)
	if faults != nil {
		t.Fatalf("scopes: %v", faults)
	}
	return set
}

func whitelist(t rapid.TB, entries ...string) domain.IPWhitelist {
	t.Helper()
	ranges := make([]domain.IPRange, len(entries))
	for i, e := range entries {
		ranges[i] = parsed(t, e, domain.ParseIPRange)
	}
	list, faults := domain.NewIPWhitelist(ranges...)
	if faults != nil {
		t.Fatalf("whitelist: %v", faults)
	}
	return list
}

func parsed[T any](t rapid.TB, s string, parse func(string) (T, domain.Faults)) T {
	t.Helper()
	v, faults := parse(s)
	if faults != nil {
		t.Fatalf("%q: %v", s, faults)
	}
	return v
}
