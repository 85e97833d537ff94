package portstest

import (
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunKeyRepositoryIsolation proves that no method of a store gives one
// workspace what belongs to another. Each pair is tried with the roles swapped.
func RunKeyRepositoryIsolation(t *testing.T, open func(t testing.TB) ports.KeyRepository) {
	pairs := map[string][2]domain.WorkspaceID{
		"two strangers":                  {"ws_alpha", "ws_beta"},
		"names that differ by case":      {"Workspace", "workspace"},
		"one name that begins the other": {"ws", "ws1"},
		"a wildcard of the other":        {"w_s", "wxs"},
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

func isolates(t *testing.T, repo ports.KeyRepository, mine, theirs domain.WorkspaceID) {
	t.Helper()
	own := issue(t, func(d *domain.Draft) { d.Workspace = mine })
	foreign := issue(t, func(d *domain.Draft) { d.Workspace = theirs })
	requireCreated(t, repo, own)
	requireCreated(t, repo, foreign)

	requireNotFound(t, repo, mine, foreign.id())
	requireNoEvents(t, repo, mine, foreign.id())

	stolen := rehydrated(t, foreign, func(s *domain.Snapshot) { s.Workspace = mine })
	if err := repo.Create(t.Context(), stolen.key, stolen.event, ports.CreateOptions{}); !errors.Is(err, domain.ErrKeyExists) {
		t.Fatalf("Create over a foreign key gives %v, want ErrKeyExists", err)
	}
	requireNotFound(t, repo, mine, foreign.id())
	requireNoEvents(t, repo, mine, foreign.id())
	requireStored(t, repo, own)
	requireStored(t, repo, foreign)
}
