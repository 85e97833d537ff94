package portstest

import (
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunKeyRepositoryIsolation tests that no method of a store gives one workspace
// access to the data of another. It tests each pair of workspaces in both
// directions.
func RunKeyRepositoryIsolation(t *testing.T, open func(t testing.TB) ports.KeyRepository) {
	pairs := map[string][2]domain.WorkspaceID{
		"two strangers":            {"ws_alpha", "ws_beta"},
		"IDs that differ by case":  {"Workspace", "workspace"},
		"an ID that is a prefix":   {"ws", "ws1"},
		"an ID that is a wildcard": {"w_s", "wxs"},
	}
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := open(t)
			isolates(t, repo, pair[0], pair[1])
			isolates(t, repo, pair[1], pair[0])
		})
	}
}

// isolates tests all methods of ports.KeyRepository except Find, which requires
// the secret, ListAll, which is for operators, and Ready and Forget, which have no
// workspace.
func isolates(t *testing.T, repo ports.KeyRepository, mine, theirs domain.WorkspaceID) {
	t.Helper()
	own, foreign := issue(t, in(mine)), issue(t, in(theirs))
	requireCreated(t, repo, own)
	idempotency := newIdempotency()
	if err := createUnder(repo, foreign, idempotency); err != nil {
		t.Fatalf("Create: %v", err)
	}
	isolatesReads(t, repo, mine, own, foreign)
	isolatesCreate(t, repo, mine, foreign)
	isolatesUpdate(t, repo, mine, foreign)
	isolatesIdempotencyKeys(t, repo, mine, foreign, idempotency)
	requireNotFound(t, repo, mine, foreign.id())
	requireNoEvents(t, repo, mine, foreign.id())
	requireStored(t, repo, own)
	requireStored(t, repo, foreign)
	remove(t, repo, own) // for the other direction
	remove(t, repo, foreign)
}

func isolatesReads(t *testing.T, repo ports.KeyRepository, mine domain.WorkspaceID, own, foreign entry) {
	t.Helper()
	requireNotFound(t, repo, mine, foreign.id())
	requireNoEvents(t, repo, mine, foreign.id())
	part := parsed(t, "key", domain.ParseNamePart)
	for _, filter := range []domain.KeyFilter{{}, {Mode: domain.ModeLive}, {Status: domain.StatusActive}, {Name: part}} {
		for _, by := range []domain.OrderBy{domain.ByCreatedAt, domain.ByName} {
			got := list(t, repo, mine, filter, domain.Order{By: by}, domain.Page{})
			if got.Total != 1 || len(got.Keys) != 1 || got.Keys[0].ID() != own.id() {
				t.Errorf("List returns %v of %d, want %s alone", idsOf(got.Keys), got.Total, own.id())
			}
		}
	}
}

func isolatesCreate(t *testing.T, repo ports.KeyRepository, mine domain.WorkspaceID, foreign entry) {
	t.Helper()
	stolen := rehydrated(t, foreign, func(s *domain.Snapshot) { s.Workspace = mine })
	if err := repo.Create(t.Context(), stolen.key, stolen.event, ports.CreateOptions{}); !errors.Is(err, domain.ErrKeyExists) {
		t.Fatalf("Create over a foreign key returns %v, want ErrKeyExists", err)
	}
	// Each workspace has one key, of at most two.
	e := issue(t, in(mine))
	if err := createCapped(t, repo, e, 2); err != nil {
		t.Errorf("Create of a second key of two returns %v", err)
	}
	requireFull(t, repo, mine, 2)
	remove(t, repo, e)
	requireTotal(t, repo, mine, 1)
}

func isolatesUpdate(t *testing.T, repo ports.KeyRepository, mine domain.WorkspaceID, foreign entry) {
	t.Helper()
	for name, options := range map[string]ports.UpdateOptions{"": {}, " under an idempotency key": {Idempotency: newIdempotency()}} {
		err := repo.Update(t.Context(), mine, foreign.id(), mustNotChange(t), options)
		if !errors.Is(err, domain.ErrKeyNotFound) {
			t.Errorf("Update%s of a foreign key returns %v, want ErrKeyNotFound", name, err)
		}
	}
	requireTotal(t, repo, foreign.workspace(), 1)
}

func isolatesIdempotencyKeys(t *testing.T, repo ports.KeyRepository, mine domain.WorkspaceID, foreign entry, idempotency *ports.Idempotency) {
	t.Helper()
	reused := *idempotency
	reused.Fingerprint[0] ^= 1
	for _, o := range []*ports.Idempotency{idempotency, &reused} {
		requireWouldBe(t, repo, mine, o, nil)
	}
	e := issue(t, in(mine))
	if err := createUnder(repo, e, &reused); err != nil {
		t.Errorf("Create under an idempotency key of another workspace returns %v", err)
	}
	requireReplayed(t, createUnder(repo, foreign, idempotency), foreign.key.Snapshot(), idempotency.At)
	remove(t, repo, e)
}
