package portstest

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// capCases are what ports.CreateOptions says of MaxKeys.
var capCases = map[string]func(*testing.T, ports.KeyRepository){
	"refuses a key beyond the cap and stores nothing of it": refusesBeyondCap,
	"makes room for a key by the deletion of another":       makesRoom,
	"counts disabled and expired keys":                      countsWhatLives,
	"caps each workspace by itself":                         capsEachWorkspace,
	"makes any number of keys without a cap":                makesAnyNumber,
	"keeps to a cap that was lowered":                       keepsLoweredCap,
}

func createCapped(t testing.TB, repo ports.KeyWriter, e entry, maxKeys int) error {
	t.Helper()
	return repo.Create(t.Context(), e.key, e.event, ports.CreateOptions{MaxKeys: maxKeys})
}

// fill makes that many keys of a workspace.
func fill(t testing.TB, repo ports.KeyRepository, ws domain.WorkspaceID, n int) []entry {
	t.Helper()
	made := make([]entry, n)
	for i := range made {
		made[i] = issue(t, in(ws))
		if err := createCapped(t, repo, made[i], n); err != nil {
			t.Fatalf("Create of key %d of %d gives %v", i+1, n, err)
		}
	}
	return made
}

func requireFull(t testing.TB, repo ports.KeyRepository, ws domain.WorkspaceID, maxKeys int) {
	t.Helper()
	e := issue(t, in(ws))
	if err := createCapped(t, repo, e, maxKeys); !errors.Is(err, domain.ErrTooManyKeys) {
		t.Fatalf("Create gives %v, want ErrTooManyKeys", err)
	}
	requireAbsent(t, repo, e)
}

func refusesBeyondCap(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	fill(t, repo, ws, 3)
	requireFull(t, repo, ws, 3)
	requireFull(t, repo, ws, 3)
	requireTotal(t, repo, ws, 3)
}

func makesRoom(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	made := fill(t, repo, ws, 2)
	remove(t, repo, made[0])
	if err := createCapped(t, repo, issue(t, in(ws)), 2); err != nil {
		t.Fatalf("Create after a deletion gives %v", err)
	}
	requireFull(t, repo, ws, 2)
	requireTotal(t, repo, ws, 2)
}

func countsWhatLives(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	requireCreated(t, repo, rehydrated(t, issue(t, in(ws)), func(s *domain.Snapshot) { s.DeletedAt = issuedAt }))
	made := fill(t, repo, ws, 2)
	disable(t, repo, made[0])
	requireUpdated(t, repo, made[1], stateOf(t, issuedAt, func(s *domain.Snapshot) { s.ExpiresAt = issuedAt.Add(-time.Hour) }))
	requireFull(t, repo, ws, 2)
}

func capsEachWorkspace(t *testing.T, repo ports.KeyRepository) {
	one, other := newWorkspace(), newWorkspace()
	fill(t, repo, one, 1)
	fill(t, repo, other, 1)
	requireFull(t, repo, one, 1)
	requireFull(t, repo, other, 1)
}

func makesAnyNumber(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	for range 5 {
		requireCreated(t, repo, issue(t, in(ws)))
	}
	requireTotal(t, repo, ws, 5)
	requireFull(t, repo, ws, 5)
}

func keepsLoweredCap(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	made := fill(t, repo, ws, 3)
	remove(t, repo, made[0])
	requireFull(t, repo, ws, 1)
	requireTotal(t, repo, ws, 2)
}
