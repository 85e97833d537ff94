package portstest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// listCases test ports.KeyReader.List and ports.EventReader for sequential callers.
var listCases = map[string]func(*testing.T, ports.KeyRepository){
	"lists keys in every order, with the ID breaking ties": listsInOrder,
	"cuts a list into pages":                               cutsPages,
	"lists only the living keys of the workspace":          listsLivingKeys,
	"lists nothing in a workspace without keys":            listsNothing,
	"lists keys with all their fields":                     listsWholeKeys,
	"lists a renamed key by its new name":                  listsRenamed,
	"counts created and deleted keys":                      countsLivingKeys,
	"lists the keys that a filter admits":                  filtersLists,
	"finds a part of a name in any case":                   findsNames,
	"finds any part of any name":                           findsAnyName,
	"cuts an audit trail into pages":                       cutsTrails,
	"has no events for an unknown key":                     hasNoEvents,
	"lists the living keys of all workspaces":              listsAll,
}

func cutsPages(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	for i := range 21 {
		mode := domain.ModeLive
		if i >= 5 {
			mode = domain.ModeTest
		}
		requireCreated(t, repo, issue(t, in(ws), func(d *domain.Draft) { d.Mode = mode }))
	}
	live := domain.KeyFilter{Mode: domain.ModeLive}
	for name, c := range map[string]struct {
		filter domain.KeyFilter
		page   domain.Page
		keys   int
		total  int64
	}{
		"the default page":          {domain.KeyFilter{}, domain.Page{}, 20, 21},
		"the page after it":         {domain.KeyFilter{}, page(t, 1, 20), 1, 21},
		"a page of one":             {domain.KeyFilter{}, page(t, 20, 1), 1, 21},
		"a page beyond the last":    {domain.KeyFilter{}, page(t, 2, 20), 0, 21},
		"the highest page number":   {domain.KeyFilter{}, page(t, domain.MaxPageNumber, 100), 0, 21},
		"the largest page":          {domain.KeyFilter{}, page(t, 0, 100), 21, 21},
		"a filtered page":           {live, page(t, 1, 2), 2, 5},
		"the last filtered page":    {live, page(t, 2, 2), 1, 5},
		"beyond the filtered pages": {live, page(t, 3, 2), 0, 5},
	} {
		got := list(t, repo, ws, c.filter, domain.Order{}, c.page)
		if len(got.Keys) != c.keys || got.Total != c.total {
			t.Errorf("%s has %d keys of %d, want %d of %d", name, len(got.Keys), got.Total, c.keys, c.total)
		}
	}
}

func listsLivingKeys(t *testing.T, repo ports.KeyRepository) {
	ws, other := newWorkspace(), newWorkspace()
	mine, deleted := issue(t, in(ws)), issue(t, in(ws))
	requireCreated(t, repo, mine)
	requireCreated(t, repo, deleted)
	requireCreated(t, repo, rehydrated(t, issue(t, in(ws)), func(s *domain.Snapshot) { s.DeletedAt = issuedAt }))
	requireCreated(t, repo, issue(t, in(other)))
	remove(t, repo, deleted)

	for name, filter := range map[string]domain.KeyFilter{
		"without a filter": {},
		"with a filter":    {Mode: domain.ModeLive},
	} {
		got := list(t, repo, ws, filter, domain.Order{}, domain.Page{})
		if got.Total != 1 || len(got.Keys) != 1 || got.Keys[0].ID() != mine.id() {
			t.Errorf("%s List returns %v of %d, want %s alone", name, idsOf(got.Keys), got.Total, mine.id())
		}
	}
}

func listsNothing(t *testing.T, repo ports.KeyRepository) { requireTotal(t, repo, newWorkspace(), 0) }

// listsWholeKeys uses keys with several secrets; a page counts keys, not secrets.
func listsWholeKeys(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	made := map[domain.KeyID]entry{}
	for range 3 {
		e := rehydrated(t, issue(t, in(ws)), func(s *domain.Snapshot) {
			s.LastUsedAt = issuedAt
			s.Secrets = append(s.Secrets, domain.StoredSecret{Digest: newDigest(), ValidUntil: issuedAt})
		})
		requireCreated(t, repo, e)
		made[e.id()] = e
	}
	got := list(t, repo, ws, domain.KeyFilter{}, domain.Order{}, page(t, 0, 2))
	if len(got.Keys) != 2 {
		t.Fatalf("List returns %d keys, want 2", len(got.Keys))
	}
	for _, key := range got.Keys {
		requireKey(t, made[key.ID()].key, key)
	}
}

func listsRenamed(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	e := issue(t, in(ws), named(t, "before"))
	requireCreated(t, repo, e)
	requireUpdated(t, repo, e, stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Name = parsed(t, "Αφτερ", domain.ParseName) }))
	for part, want := range map[string]int64{"before": 0, "αΦΤ": 1} {
		if got := list(t, repo, ws, domain.KeyFilter{Name: parsed(t, part, domain.ParseNamePart)}, domain.Order{}, domain.Page{}); got.Total != want {
			t.Errorf("%d keys have %s in their name, want %d", got.Total, part, want)
		}
	}
}

func countsLivingKeys(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	for range 3 {
		e := issue(t, in(ws))
		requireCreated(t, repo, e)
		requireTotal(t, repo, ws, 1)
		disable(t, repo, e)
		requireTotal(t, repo, ws, 1)
		remove(t, repo, e)
		requireTotal(t, repo, ws, 0)
	}
}

func listsAll(t *testing.T, repo ports.KeyRepository) {
	// Other tests use the same store, so a unique name identifies the keys.
	name := string(newWorkspace())
	var mine []entry
	for range 3 {
		e := issue(t, in(newWorkspace()), named(t, name))
		requireCreated(t, repo, e)
		mine = append(mine, e)
	}
	deleted := issue(t, in(newWorkspace()), named(t, name))
	requireCreated(t, repo, deleted)
	remove(t, repo, deleted)
	filter := domain.KeyFilter{Name: parsed(t, name, domain.ParseNamePart)}
	for number, want := range map[int64]int{0: 2, 1: 1, 2: 0} {
		got, err := repo.ListAll(t.Context(), filter, domain.Order{By: domain.ByName}, page(t, number, 2))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Keys) != want || got.Total != 3 {
			t.Errorf("page %d has %d keys of %d, want %d of 3", number, len(got.Keys), got.Total, want)
		}
	}
	all, err := repo.ListAll(t.Context(), filter, domain.Order{By: domain.ByName, Ascending: true}, page(t, 0, 100))
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(mine, func(a, b entry) int { return cmp.Compare(a.id(), b.id()) })
	for i, e := range mine {
		if got := all.Keys[i].Snapshot(); got.ID != e.id() || got.Workspace != e.key.Snapshot().Workspace {
			t.Errorf("key %d is %s of %s, want %s of %s", i, got.ID, got.Workspace, e.id(), e.key.Snapshot().Workspace)
		}
	}
	everything, err := repo.ListAll(t.Context(), domain.KeyFilter{}, domain.Order{}, page(t, 0, 1))
	if err != nil || len(everything.Keys) != 1 || everything.Total < 3 {
		t.Errorf("without a filter there are %d of %d keys, %v", len(everything.Keys), everything.Total, err)
	}
}
