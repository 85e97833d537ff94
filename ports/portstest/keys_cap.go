package portstest

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// capCases test MaxKeys of ports.CreateOptions.
var capCases = map[string]func(*testing.T, ports.KeyRepository){
	"rejects a key beyond the cap and stores nothing": rejectsBeyondCap,
	"makes room for a key when another is deleted":    makesRoom,
	"counts disabled and expired keys":                countsLivingOnly,
	"caps each workspace separately":                  capsEachWorkspace,
	"creates any number of keys without a cap":        createsAnyNumber,
	"respects a cap that was lowered":                 respectsLoweredCap,
}

func createCapped(t testing.TB, repo ports.KeyWriter, e entry, maxKeys int) error {
	t.Helper()
	return repo.Create(t.Context(), e.key, e.event, ports.CreateOptions{MaxKeys: maxKeys})
}

// fill creates n keys in a workspace.
func fill(t testing.TB, repo ports.KeyRepository, ws domain.WorkspaceID, n int) []entry {
	t.Helper()
	made := make([]entry, n)
	for i := range made {
		made[i] = issue(t, in(ws))
		if err := createCapped(t, repo, made[i], n); err != nil {
			t.Fatalf("Create of key %d of %d returns %v", i+1, n, err)
		}
	}
	return made
}

func requireFull(t testing.TB, repo ports.KeyRepository, ws domain.WorkspaceID, maxKeys int) {
	t.Helper()
	e := issue(t, in(ws))
	if err := createCapped(t, repo, e, maxKeys); !errors.Is(err, domain.ErrTooManyKeys) {
		t.Fatalf("Create returns %v, want ErrTooManyKeys", err)
	}
	requireAbsent(t, repo, e)
}

func rejectsBeyondCap(t *testing.T, repo ports.KeyRepository) {
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
		t.Fatalf("Create after a deletion returns %v", err)
	}
	requireFull(t, repo, ws, 2)
	requireTotal(t, repo, ws, 2)
}

func countsLivingOnly(t *testing.T, repo ports.KeyRepository) {
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

func createsAnyNumber(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	for range 5 {
		requireCreated(t, repo, issue(t, in(ws)))
	}
	requireTotal(t, repo, ws, 5)
	requireFull(t, repo, ws, 5)
}

func respectsLoweredCap(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	made := fill(t, repo, ws, 3)
	remove(t, repo, made[0])
	requireFull(t, repo, ws, 1)
	requireTotal(t, repo, ws, 2)
}
