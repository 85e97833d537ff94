package portstest

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunKeyRepository tests the promises of [ports.KeyRepository] for sequential
// callers. open returns a store that is ready. The store may be shared with other
// tests, because every case creates its own keys.
func RunKeyRepository(t *testing.T, open func(t testing.TB) ports.KeyRepository) {
	cases := map[string]func(*testing.T, ports.KeyRepository){
		"keeps every field of a new key":           keepsNewKeys,
		"keeps every field of an older key":        keepsOlderKeys,
		"keeps any valid key":                      keepsAnyKey,
		"keeps every field of an event":            keepsEvents,
		"rejects an existing ID":                   rejectsExisting,
		"distinguishes IDs by case":                distinguishesCase,
		"hides a deleted key but keeps its events": hidesDeleted,
		"does not find an unknown key":             findsNothing,
		"stores nothing with a cancelled context":  respectsContext,
		"shares no memory with the caller":         sharesNothing,
		"is ready":                                 isReady,
	}
	for _, more := range []map[string]func(*testing.T, ports.KeyRepository){updateCases, listCases, capCases, idempotencyCases} {
		maps.Copy(cases, more)
	}
	runEach(t, open, cases)
}

// runEach runs all cases in parallel on one store that open returns.
func runEach(t *testing.T, open func(t testing.TB) ports.KeyRepository, cases map[string]func(*testing.T, ports.KeyRepository)) {
	repo := open(t)
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, repo)
		})
	}
}

func isReady(t *testing.T, repo ports.KeyRepository) {
	if err := repo.Ready(t.Context()); err != nil {
		t.Fatalf("Ready: %v", err)
	}
}

func findsNothing(t *testing.T, repo ports.KeyRepository) {
	requireAbsent(t, repo, issue(t))
}

func keepsNewKeys(t *testing.T, repo ports.KeyRepository) {
	cases := map[string]func(*domain.Draft){
		"a plain key": func(*domain.Draft) {},
		"a name in CJK, combining marks and emoji": func(d *domain.Draft) {
			d.Name = parsed(t, "生产密钥 🔑👩🏽‍💻 e\u0301 キー 🇻🇳 khóa", domain.ParseName)
		},
		"a name that looks like SQL and JSON": func(d *domain.Draft) {
			d.Name = parsed(t, `'); DROP TABLE api_keys; -- "\u0000{}%_`, domain.ParseName)
		},
		"the longest name": func(d *domain.Draft) {
			d.Name = parsed(t, strings.Repeat("鍵", domain.MaxNameLength), domain.ParseName)
		},
		"a TEST key": func(d *domain.Draft) { d.Mode = domain.ModeTest },
		"no scopes":  func(d *domain.Draft) { d.Scopes = domain.ScopeSet{} },
		"scopes in order": func(d *domain.Draft) {
			d.Scopes = scopes(t, "z.z:a", "a-b_c:9", "m:n")
		},
		"no whitelist": func(d *domain.Draft) { d.IPWhitelist = domain.IPWhitelist{} },
		"IPv6, single addresses and ranges of one": func(d *domain.Draft) {
			d.IPWhitelist = whitelist(t, "2001:db8::/32", "::1", "2001:db8::7/128", "10.0.0.1", "10.0.0.2/32", "0.0.0.0/0")
		},
		"no expiry": func(d *domain.Draft) { d.ExpiresAt = time.Time{} },
		"the latest expiry": func(d *domain.Draft) {
			d.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
		},
		"no rate limits": func(d *domain.Draft) { d.RateLimits = nil },
		"rate limits in order": func(d *domain.Draft) {
			d.RateLimits = rateLimits(t,
				domain.RateLimitSpec{Name: "z", Limit: domain.MaxRateLimit, WindowSeconds: domain.MaxWindowSeconds},
				domain.RateLimitSpec{Name: strings.Repeat("n", domain.MaxLimitNameLength), Limit: 1, WindowSeconds: 1},
				domain.RateLimitSpec{Name: "a-b_9", Limit: 2, WindowSeconds: 3})
		},
		"no quota":          func(d *domain.Draft) { d.Quota = domain.Limit{} },
		"the largest quota": func(d *domain.Draft) { d.Quota = quota(t, domain.MaxQuota, "TOTAL") },
		"the longest workspace": func(d *domain.Draft) {
			d.Workspace = domain.WorkspaceID(strings.Repeat("w", domain.MaxWorkspaceIDLength))
		},
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := issue(t, edit)
			requireCreated(t, repo, e)
			requireStored(t, repo, e)
		})
	}
}

func keepsOlderKeys(t *testing.T, repo ports.KeyRepository) {
	cases := map[string]func(*domain.Snapshot){
		"disabled": func(s *domain.Snapshot) { s.Disabled = true },
		"used":     func(s *domain.Snapshot) { s.LastUsedAt = issuedAt.Add(time.Microsecond) },
		"rotated, with the secrets in order": func(s *domain.Snapshot) {
			old := domain.StoredSecret{Digest: newDigest(), ValidUntil: issuedAt.Add(time.Hour)}
			old.Digest.PepperID = "p0"
			s.Secrets = append(s.Secrets, old, domain.StoredSecret{Digest: newDigest(), ValidUntil: issuedAt})
		},
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := rehydrated(t, issue(t), edit)
			requireCreated(t, repo, e)
			requireStored(t, repo, e)
		})
	}
}

func keepsAnyKey(t *testing.T, repo ports.KeyRepository) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry(t)
		requireCreated(t, repo, e)
		requireStored(t, repo, e)
	})
}

func keepsEvents(t *testing.T, repo ports.KeyRepository) {
	cases := map[string]func(*domain.Event){
		"of an author whose address is unknown": func(e *domain.Event) { e.By.IP = netip.Addr{} },
		"of an author on IPv6":                  func(e *domain.Event) { e.By.IP = netip.MustParseAddr("2001:db8::1") },
		"without changes":                       func(e *domain.Event) { e.Changes = nil },
		"with empty strings, empty lists and null": func(e *domain.Event) {
			e.Changes = []domain.Change{
				{Field: "name", Old: "", New: "<名前> & \"🔑\""},
				{Field: "scopes", Old: []string{}, New: []string{"a:b", "c:d"}},
				{Field: "expiresAt", Old: "2026-03-21T00:00:00Z", New: nil},
			}
		},
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := issue(t)
			edit(&e.event)
			requireCreated(t, repo, e)
			requireEvents(t, repo, e)
		})
	}
}

func rejectsExisting(t *testing.T, repo ports.KeyRepository) {
	deleted := rehydrated(t, issue(t), func(s *domain.Snapshot) { s.DeletedAt = issuedAt })
	requireCreated(t, repo, deleted)
	living := issue(t)
	requireCreated(t, repo, living)

	for name, first := range map[string]entry{"living": living, "deleted": deleted} {
		t.Run(name, func(t *testing.T) {
			for _, ws := range []domain.WorkspaceID{first.workspace(), "ws_other"} {
				second := rehydrated(t, first, func(s *domain.Snapshot) {
					s.Workspace = ws
					s.Name = parsed(t, "Another", domain.ParseName)
					s.DeletedAt = time.Time{}
				})
				err := repo.Create(t.Context(), second.key, second.event, ports.CreateOptions{})
				if !errors.Is(err, domain.ErrKeyExists) {
					t.Fatalf("Create returns %v, want ErrKeyExists", err)
				}
			}
			requireNoEvents(t, repo, "ws_other", first.id())
			requireEvents(t, repo, first)
		})
	}
	requireStored(t, repo, living)
}

func distinguishesCase(t *testing.T, repo ports.KeyRepository) {
	upper := rehydrated(t, issue(t), func(s *domain.Snapshot) {
		s.ID = domain.KeyID("sk_live_" + strings.ToUpper(string(s.ID[8:])))
	})
	lower := rehydrated(t, issue(t), func(s *domain.Snapshot) {
		s.ID = domain.KeyID(strings.ToLower(string(upper.id())))
	})
	requireCreated(t, repo, upper)
	requireAbsent(t, repo, lower)
	requireCreated(t, repo, lower)
	requireStored(t, repo, upper)
	requireStored(t, repo, lower)
}

func hidesDeleted(t *testing.T, repo ports.KeyRepository) {
	e := rehydrated(t, issue(t), func(s *domain.Snapshot) { s.DeletedAt = issuedAt })
	requireCreated(t, repo, e)
	requireNotFound(t, repo, e.workspace(), e.id())
	if _, err := repo.Find(t.Context(), e.id()); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Fatalf("Find returns %v, want ErrKeyNotFound", err)
	}
	requireEvents(t, repo, e)
	ever, err := repo.FindEver(t.Context(), e.id())
	if err != nil {
		t.Fatalf("FindEver: %v", err)
	}
	requireKey(t, e.key, ever)
}

func respectsContext(t *testing.T, repo ports.KeyRepository) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	stored, absent := issue(t), issue(t)
	requireCreated(t, repo, stored)

	methods := map[string]func() error{
		"Create": func() error { return repo.Create(ended, absent.key, absent.event, ports.CreateOptions{}) },
		"Update": func() error {
			return update(ended, repo, stored.workspace(), stored.id(), func(*domain.APIKey) (domain.Event, error) {
				return disabledEvent(t, stored.id(), stored.workspace(), issuedAt), nil
			})
		},
		"Get":      func() error { _, err := repo.Get(ended, stored.workspace(), stored.id()); return err },
		"Find":     func() error { _, err := repo.Find(ended, stored.id()); return err },
		"FindEver": func() error { _, err := repo.FindEver(ended, stored.id()); return err },
		"List": func() error {
			_, err := repo.List(ended, stored.workspace(), domain.KeyFilter{}, domain.Order{}, domain.Page{})
			return err
		},
		"Events":   func() error { _, err := eventsOf(ended, repo, stored.workspace(), stored.id()); return err },
		"Replayed": func() error { _, err := repo.Replayed(ended, stored.workspace(), *newIdempotency()); return err },
		"Forget":   func() error { _, err := repo.Forget(ended, issuedAt.AddDate(-30, 0, 0), 1); return err },
		"Ready":    func() error { return repo.Ready(ended) },
	}
	for name, call := range methods {
		if err := call(); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s returns %v, want ErrUnavailable", name, err)
		}
	}
	requireAbsent(t, repo, absent)
	requireStored(t, repo, stored)
}

func sharesNothing(t *testing.T, repo ports.KeyRepository) {
	e := issue(t)
	given := e.event
	given.Changes = append([]domain.Change(nil), e.event.Changes...)
	if err := repo.Create(t.Context(), e.key, given, ports.CreateOptions{}); err != nil {
		t.Fatalf("Create: %v", err)
	}
	given.Changes[0].New = "changed by the creator"

	first, err := repo.Find(t.Context(), e.id())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	second, err := repo.Find(t.Context(), e.id())
	if err != nil || first == second {
		t.Fatalf("two reads return the same pointer, or %v", err)
	}
	events, err := eventsOf(t.Context(), repo, e.workspace(), e.id())
	if err != nil {
		t.Fatalf("Events: %v", err)
	}
	for i := range events[0].Changes {
		if list, ok := events[0].Changes[i].New.([]string); ok {
			list[0] = "changed by the reader"
		}
		events[0].Changes[i].Field = "changed by the reader"
	}
	requireStored(t, repo, e)
}
