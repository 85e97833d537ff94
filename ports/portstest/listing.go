package portstest

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// newWorkspace returns the ID of a workspace that no other test uses.
func newWorkspace() domain.WorkspaceID { return domain.WorkspaceID("ws_" + rand.Text()) }

func in(ws domain.WorkspaceID) func(*domain.Draft) {
	return func(d *domain.Draft) { d.Workspace = ws }
}

func named(t rapid.TB, name string) func(*domain.Draft) {
	return func(d *domain.Draft) { d.Name = parsed(t, name, domain.ParseName) }
}

func page(t rapid.TB, number, size int64) domain.Page {
	t.Helper()
	p, faults := domain.NewPage(number, size)
	if faults != nil {
		t.Fatalf("page: %v", faults)
	}
	return p
}

func list(t rapid.TB, repo ports.KeyReader, ws domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, p domain.Page) ports.KeyPage {
	t.Helper()
	got, err := repo.List(context.Background(), ws, filter, order, p)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	return got
}

// requireTotal fails the test unless the workspace has want living keys, both
// listed and by the total.
func requireTotal(t rapid.TB, repo ports.KeyReader, ws domain.WorkspaceID, want int) {
	t.Helper()
	got := list(t, repo, ws, domain.KeyFilter{}, domain.Order{}, page(t, 0, domain.MaxPageSize))
	if len(got.Keys) != want || got.Total != int64(want) {
		t.Fatalf("List returns %d keys and the total %d, want %d", len(got.Keys), got.Total, want)
	}
}

func idsOf(keys []*domain.APIKey) []domain.KeyID {
	ids := make([]domain.KeyID, len(keys))
	for i, k := range keys {
		ids[i] = k.ID()
	}
	return ids
}

func namesOf(keys []*domain.APIKey) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Snapshot().Name.String()
	}
	slices.Sort(names)
	return names
}

// remove deletes a key.
func remove(t rapid.TB, repo ports.KeyRepository, e entry) {
	t.Helper()
	requireUpdated(t, repo, e, deletion(t, e))
}

func deletion(t rapid.TB, e entry) func(*domain.APIKey) (domain.Event, error) {
	t.Helper()
	eventID := disabledEvent(t, e.id(), e.workspace(), issuedAt).ID
	return func(key *domain.APIKey) (domain.Event, error) {
		return key.Delete(eventID, owner, issuedAt.Add(time.Second)), nil
	}
}
