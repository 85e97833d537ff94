package portstest

import (
	"net/netip"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunKeyRepositoryDamage proves that a store whose rows were damaged gives a
// key less power than it had, never more. damage overwrites the stored scopes
// and the stored IP whitelist of a key with a JSON text.
func RunKeyRepositoryDamage(t *testing.T, repo ports.KeyRepository, damage func(t testing.TB, id domain.KeyID, list string)) {
	for _, list := range []string{`["no-scope-and-no-address"]`, `["payment:read", "10.0.0.0/8", ""]`, `[null]`, `[1]`, `[["::/0"]]`} {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			e := issue(t)
			requireCreated(t, repo, e)
			damage(t, e.id(), list)

			s := requirePowerless(t, repo, e)
			disable(t, repo, e)
			if !requirePowerless(t, repo, e).Disabled {
				t.Error("the key cannot be disabled")
			}
			requirePowerlessOutcome(t, repo, e)
			copied := rehydrated(t, issue(t), func(to *domain.Snapshot) { to.IPWhitelist = s.IPWhitelist })
			if err := repo.Create(t.Context(), copied.key, copied.event, ports.CreateOptions{}); err == nil {
				t.Error("a whitelist that was lost is stored again")
			}
		})
	}
}

func requirePowerless(t *testing.T, repo ports.KeyRepository, e entry) domain.Snapshot {
	t.Helper()
	found, err := repo.Find(t.Context(), e.id())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	requireNoPower(t, found.Snapshot())
	return found.Snapshot()
}

// requirePowerlessOutcome deletes the key, and asks again for that.
func requirePowerlessOutcome(t *testing.T, repo ports.KeyRepository, e entry) {
	t.Helper()
	once := newOnce()
	if err := updateUnder(repo, e, once, deletion(t, e)); err != nil {
		t.Fatalf("Update: %v", err)
	}
	replayed, err := repo.Replayed(t.Context(), e.workspace(), *once)
	if err != nil || replayed == nil {
		t.Fatalf("Replayed gives %v and %v", replayed, err)
	}
	requireNoPower(t, replayed.Outcome.Snapshot())
}

func requireNoPower(t *testing.T, s domain.Snapshot) {
	t.Helper()
	if !s.Scopes.Empty() {
		t.Errorf("the key has the scopes %v, want none", s.Scopes.Codes())
	}
	for _, addr := range []netip.Addr{{}, netip.MustParseAddr("192.168.1.7"), netip.MustParseAddr("::1")} {
		if s.IPWhitelist.Admits(addr) {
			t.Errorf("the key admits %v, want nobody", addr)
		}
	}
}
