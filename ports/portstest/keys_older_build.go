package portstest

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// OlderBuild writes to the store like an older build, which maintains neither the
// counts of keys nor the case-folded names. The keys it inserts have no secret.
type OlderBuild struct {
	Insert func(t testing.TB, id domain.KeyID, ws domain.WorkspaceID, name string)
	Rename func(t testing.TB, id domain.KeyID, name string)
	Delete func(t testing.TB, ws domain.WorkspaceID) // all its keys
}

// RunKeyRepositoryOlderBuild tests that the store maintains counts and case-folded
// names on behalf of an older build, and counts the writes of this build only
// once.
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

// requireFound fails the test unless want keys have part in their name.
func requireFound(t testing.TB, repo ports.KeyReader, ws domain.WorkspaceID, part string, want int) {
	t.Helper()
	var filter domain.KeyFilter
	if part != "" {
		filter.Name = parsed(t, part, domain.ParseNamePart)
	}
	if got := list(t, repo, ws, filter, domain.Order{}, domain.Page{}); got.Total != int64(want) {
		t.Errorf("%q is part of %d names, want %d", part, got.Total, want)
	}
}
