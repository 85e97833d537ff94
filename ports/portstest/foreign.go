package portstest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// ForeignStore is a store of keys that finds keys issued by other systems.
type ForeignStore interface {
	UsageStore
	ports.ForeignKeys
}

// RunForeignKeys tests the promises of [ports.ForeignKeys]. open returns two handles to
// one store that nothing else uses, like those of two processes; they may be
// identical.
func RunForeignKeys(t *testing.T, open func(t testing.TB) (one, other ForeignStore)) {
	t.Run("has a foreign secret once one is stored", func(t *testing.T) {
		t.Parallel()
		one, other := open(t)
		hasForeign(t, one, other)
	})
	one, other := open(t) // shared, because a database takes longer to create than a case
	for name, run := range map[string]func(t *testing.T, one, other ForeignStore){
		"finds a key by a digest of any algorithm": findsForeign,
		"distinguishes algorithms and peppers":     distinguishesForeign,
		"finds a re-hashed key by the new digest":  findsRehashed,
		"does not find a replaced secret":          ignoresReplaced,
		"does not find a deleted key":              ignoresDeletedForeign,
		"returns the least of several keys":        findsLeast,
		"returns the workspaces of all keys":       returnsWorkspaces,
		"respects its context":                     foreignRespectsContext,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, one, other)
		})
	}
}

// foreignAlgorithms are the algorithms of secrets that other systems issued.
var foreignAlgorithms = []domain.Algorithm{
	domain.AlgorithmForeignHMAC, domain.AlgorithmSHA256, domain.AlgorithmSHA256AfterBar,
	domain.AlgorithmSHA256AfterUnderscore, domain.AlgorithmSHA512Half,
}

// foreignDigest returns a digest of a secret that nothing else uses.
func foreignDigest(algorithm domain.Algorithm) domain.Digest {
	d := newDigest()
	if d.Algorithm = algorithm; algorithm != domain.AlgorithmForeignHMAC {
		d.PepperID = ""
	}
	return d
}

// issueForeign creates a key with the given digests, and stores it.
func issueForeign(t *testing.T, store ForeignStore, digests ...domain.Digest) entry {
	t.Helper()
	e := rehydrated(t, issue(t), func(s *domain.Snapshot) {
		s.Secrets = nil
		for i, digest := range digests {
			secret := domain.StoredSecret{Digest: digest}
			if i > 0 {
				secret.ValidUntil = issuedAt.Add(time.Hour)
			}
			s.Secrets = append(s.Secrets, secret)
		}
	})
	requireCreated(t, store, e)
	return e
}

// requireForeign fails unless store finds want, or nothing if want is empty.
func requireForeign(t *testing.T, store ForeignStore, want domain.KeyID, digests ...domain.Digest) {
	t.Helper()
	got, err := store.FindForeign(t.Context(), digests)
	if want == "" && errors.Is(err, domain.ErrKeyNotFound) {
		return
	}
	if err != nil || got != want {
		t.Errorf("FindForeign returns %q and %v, want %q", got, err, want)
	}
}

func hasForeign(t *testing.T, one, other ForeignStore) {
	requireHas := func(want bool) {
		t.Helper()
		for _, store := range []ForeignStore{one, other} {
			if got, err := store.HasForeign(t.Context()); err != nil || got != want {
				t.Errorf("HasForeign returns %v and %v, want %v", got, err, want)
			}
		}
	}
	requireHas(false)
	requireCreated(t, one, issue(t))
	requireHas(false)
	e := issueForeign(t, one, foreignDigest(domain.AlgorithmSHA256))
	requireHas(true)
	rehash(t, one, domain.Rehash{KeyID: e.id(), Old: e.key.Snapshot().Secrets[0].Digest, New: foreignDigest(domain.AlgorithmForeignHMAC)})
	requireHas(true)
}

func findsForeign(t *testing.T, one, other ForeignStore) {
	for _, algorithm := range foreignAlgorithms {
		digest := foreignDigest(algorithm)
		e := issueForeign(t, one, digest)
		for _, store := range []ForeignStore{one, other} {
			requireForeign(t, store, e.id(), digest)
			requireForeign(t, store, e.id(), foreignDigest(domain.AlgorithmSHA256), digest, foreignDigest(domain.AlgorithmForeignHMAC))
		}
		requireStored(t, one, e)
	}
	requireForeign(t, one, "", foreignDigest(domain.AlgorithmSHA256))
	requireForeign(t, one, "")
}

func distinguishesForeign(t *testing.T, one, _ ForeignStore) {
	stored := foreignDigest(domain.AlgorithmForeignHMAC)
	e := issueForeign(t, one, stored)
	for name, change := range map[string]func(*domain.Digest){
		"another pepper":    func(d *domain.Digest) { d.PepperID = "p2" },
		"no pepper":         func(d *domain.Digest) { d.PepperID = "" },
		"another algorithm": func(d *domain.Digest) { d.Algorithm = domain.AlgorithmSHA256 },
		"another digest":    func(d *domain.Digest) { d.Sum[31] ^= 1 },
	} {
		digest := stored
		change(&digest)
		t.Run(name, func(t *testing.T) { requireForeign(t, one, "", digest) })
	}
	requireForeign(t, one, e.id(), stored)
}

func findsRehashed(t *testing.T, one, other ForeignStore) {
	old, replacement := foreignDigest(domain.AlgorithmSHA512Half), foreignDigest(domain.AlgorithmForeignHMAC)
	e := issueForeign(t, one, old)
	rehash(t, other, domain.Rehash{KeyID: e.id(), Old: foreignDigest(domain.AlgorithmSHA512Half), New: foreignDigest(domain.AlgorithmForeignHMAC)})
	requireForeign(t, one, e.id(), old)
	rehash(t, other, domain.Rehash{KeyID: e.id(), Old: old, New: replacement})
	requireForeign(t, one, "", old)
	requireForeign(t, one, e.id(), replacement)
	requireState(t, one, e, func(s *domain.Snapshot) { s.Secrets[0].Digest = replacement })
}

func ignoresReplaced(t *testing.T, one, _ ForeignStore) {
	current, previous := foreignDigest(domain.AlgorithmSHA256AfterBar), foreignDigest(domain.AlgorithmForeignHMAC)
	e := issueForeign(t, one, current, previous)
	requireForeign(t, one, e.id(), current)
	requireForeign(t, one, e.id(), previous)
	err := one.Update(t.Context(), e.workspace(), e.id(), func(key *domain.APIKey) (domain.Event, error) {
		return key.Rotate(newDigest(), time.Hour, created(t, key, owner).ID, owner, issuedAt)
	}, ports.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	requireForeign(t, one, e.id(), current)
	requireForeign(t, one, "", previous)
}

func ignoresDeletedForeign(t *testing.T, one, _ ForeignStore) {
	digest := foreignDigest(domain.AlgorithmSHA256)
	e := issueForeign(t, one, digest)
	err := one.Update(t.Context(), e.workspace(), e.id(), func(key *domain.APIKey) (domain.Event, error) {
		return key.Delete(created(t, key, owner).ID, owner, issuedAt), nil
	}, ports.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	requireForeign(t, one, "", digest)
}

func findsLeast(t *testing.T, one, _ ForeignStore) {
	var ids []domain.KeyID
	var digests []domain.Digest
	for i := range 6 {
		if i%2 == 0 {
			digests = append(digests, foreignDigest(foreignAlgorithms[i/2]))
		}
		ids = append(ids, issueForeign(t, one, digests[i/2]).id())
	}
	requireForeign(t, one, slices.Min(ids), digests...)
}

func returnsWorkspaces(t *testing.T, one, other ForeignStore) {
	here := issue(t)
	there := issue(t, func(d *domain.Draft) { d.Workspace = "ws_there" })
	deleted := rehydrated(t, issue(t), func(s *domain.Snapshot) { s.DeletedAt = issuedAt })
	want := map[domain.KeyID]domain.WorkspaceID{}
	for _, e := range []entry{here, there, deleted} {
		requireCreated(t, one, e)
		want[e.id()] = e.workspace()
	}
	unknown := issue(t)
	for _, ids := range [][]domain.KeyID{{here.id(), unknown.id(), there.id(), deleted.id(), here.id()}, {}} {
		got, err := other.WorkspacesOf(t.Context(), ids)
		if len(ids) == 0 {
			clear(want)
		}
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("WorkspacesOf returns %v and %v, want %v", got, err, want)
		}
	}
}

func foreignRespectsContext(t *testing.T, one, _ ForeignStore) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, hasErr := one.HasForeign(ended)
	_, findErr := one.FindForeign(ended, []domain.Digest{foreignDigest(domain.AlgorithmSHA256)})
	_, workspacesErr := one.WorkspacesOf(ended, []domain.KeyID{issue(t).id()})
	for name, err := range map[string]error{"HasForeign": hasErr, "FindForeign": findErr, "WorkspacesOf": workspacesErr} {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s returns %v, want ErrUnavailable", name, err)
		}
	}
}
