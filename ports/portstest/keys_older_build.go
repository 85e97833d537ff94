package portstest

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// OlderBuild writes to the store as a build does that keeps neither counts nor
// names without their case. What it inserts has no secret.
type OlderBuild struct {
	Insert func(t testing.TB, id domain.KeyID, ws domain.WorkspaceID, name string)
	Rename func(t testing.TB, id domain.KeyID, name string)
	Delete func(t testing.TB, ws domain.WorkspaceID) // every key of it
}

// RunKeyRepositoryOlderBuild proves that the store keeps for an older build what
// that does not keep, and for its own build nothing twice.
func RunKeyRepositoryOlderBuild(t *testing.T, repo ports.KeyRepository, older OlderBuild) {
	ws := newWorkspace()
	for n, name := range []string{"older one", "older two"} {
		older.Insert(t, issue(t).id(), ws, name)
		requireFound(t, repo, ws, "OLDER", n+1)
	}
	own, other := issue(t, in(ws), named(t, "École")), issue(t, in(ws))
	requireCreated(t, repo, own)
	requireCreated(t, repo, other)
	requireFound(t, repo, ws, "", 4)

	requireUpdated(t, repo, own, stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Name = parsed(t, "éCOLE", domain.ParseName) }))
	requireFound(t, repo, ws, "école", 1)
	older.Rename(t, other.id(), "renamed")
	requireFound(t, repo, ws, "RENAMED", 1)

	remove(t, repo, own)
	requireFound(t, repo, ws, "", 3)
	requireCreated(t, repo, issue(t, in(ws)))
	for range 2 {
		older.Delete(t, ws)
		requireFound(t, repo, ws, "", 0)
	}
	requireCreated(t, repo, issue(t, in(ws)))
	requireFound(t, repo, ws, "", 1)
}

// requireFound fails unless the total of the keys with part in their name is want.
func requireFound(t testing.TB, repo ports.KeyReader, ws domain.WorkspaceID, part string, want int) {
	t.Helper()
	var filter domain.KeyFilter
	if part != "" {
		filter.Name = parsed(t, part, domain.ParseNamePart)
	}
	if got := list(t, repo, ws, filter, domain.Order{}, domain.Page{}); got.Total != int64(want) {
		t.Errorf("by %q there are %d, want %d", part, got.Total, want)
	}
}
