package portstest

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// listCases are what ports.KeyReader.List promises one caller at a time.
var listCases = map[string]func(*testing.T, ports.KeyRepository){
	"lists keys in every order, the identifier deciding between equals": listsInOrder,
	"cuts a list into pages":                               cutsPages,
	"lists the living keys of the workspace and no others": listsLivingKeys,
	"lists nothing of a workspace without keys":            listsNothing,
	"lists keys with all that they have":                   listsWholeKeys,
	"lists a key by the name that an update gave it":       listsRenamed,
	"counts the keys that are made and deleted":            countsLivingKeys,
	"lists the keys that a filter admits":                  filtersLists,
	"finds a part of a name whatever its case and no more": findsNames,
	"finds any part of any name":                           findsAnyName,
	"cuts an audit trail into pages":                       cutsTrails,
	"tells no events of a key that never was there":        tellsNoEvents,
}

// newWorkspace names one that no other test has keys in.
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

// requireTotal fails unless the workspace has that many living keys, by the
// count of those that are listed and by the total.
func requireTotal(t rapid.TB, repo ports.KeyReader, ws domain.WorkspaceID, want int) {
	t.Helper()
	got := list(t, repo, ws, domain.KeyFilter{}, domain.Order{}, page(t, 0, domain.MaxPageSize))
	if len(got.Keys) != want || got.Total != int64(want) {
		t.Fatalf("List gives %d keys and the total %d, want %d", len(got.Keys), got.Total, want)
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

// listsInOrder has names whose order differs by language, by case, and between
// UTF-8 and UTF-16, and instants and names that are there three times each.
func listsInOrder(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	var made []domain.Snapshot
	for i, name := range []string{"b", "a", "B", "Z", "é", "z", "\uFFFD", "🔑", "a b", "a-b", "ab", "a", "a", "鍵"} {
		e := rehydrated(t, issue(t, in(ws), named(t, name)), func(s *domain.Snapshot) {
			s.CreatedAt = issuedAt.Add(time.Duration(i/3) * time.Microsecond)
		})
		requireCreated(t, repo, e)
		made = append(made, e.key.Snapshot())
	}
	byInstant := func(a, b domain.Snapshot) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}
	byName := func(a, b domain.Snapshot) int {
		return cmp.Or(slices.Compare([]rune(a.Name.String()), []rune(b.Name.String())), cmp.Compare(a.ID, b.ID))
	}
	for name, c := range map[string]struct {
		order   domain.Order
		compare func(a, b domain.Snapshot) int
	}{
		"oldest first":    {domain.Order{By: domain.ByCreatedAt, Ascending: true}, byInstant},
		"newest first":    {domain.Order{By: domain.ByCreatedAt}, func(a, b domain.Snapshot) int { return byInstant(b, a) }},
		"by name":         {domain.Order{By: domain.ByName, Ascending: true}, byName},
		"by name, back":   {domain.Order{By: domain.ByName}, func(a, b domain.Snapshot) int { return byName(b, a) }},
		"when not chosen": {domain.Order{}, func(a, b domain.Snapshot) int { return byInstant(b, a) }},
	} {
		t.Run(name, func(t *testing.T) {
			var want []domain.KeyID
			for _, s := range slices.SortedFunc(slices.Values(made), c.compare) {
				want = append(want, s.ID)
			}
			for _, size := range []int64{1, 4, domain.MaxPageSize} {
				var got []domain.KeyID
				for number := range int64(math.Ceil(float64(len(made)) / float64(size))) {
					got = append(got, idsOf(list(t, repo, ws, domain.KeyFilter{}, c.order, page(t, number, size)).Keys)...)
				}
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("in pages of %d (-want +listed):\n%s", size, diff)
				}
			}
		})
	}
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
		"the last page there is":    {domain.KeyFilter{}, page(t, domain.MaxPageNumber, 100), 0, 21},
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
			t.Errorf("%s List gives %v of %d, want %s alone", name, idsOf(got.Keys), got.Total, mine.id())
		}
	}
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

func listsNothing(t *testing.T, repo ports.KeyRepository) { requireTotal(t, repo, newWorkspace(), 0) }

// listsWholeKeys has keys with several secrets, of which a page must not count
// each.
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
		t.Fatalf("List gives %d keys, want 2", len(got.Keys))
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
			t.Errorf("%d keys are found by %s, want %d", got.Total, part, want)
		}
	}
}

func countsLivingKeys(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	for i := range 3 {
		e := issue(t, in(ws))
		requireCreated(t, repo, e)
		requireTotal(t, repo, ws, 1)
		disable(t, repo, e)
		requireTotal(t, repo, ws, 1)
		remove(t, repo, e)
		requireTotal(t, repo, ws, 0)
		if _, err := eventsOf(t.Context(), repo, ws, e.id()); err != nil {
			t.Fatal(fmt.Errorf("round %d: %w", i, err))
		}
	}
}

func findsAnyName(t *testing.T, repo ports.KeyRepository) {
	rapid.Check(t, func(t *rapid.T) {
		e := issue(t, in(newWorkspace()), func(d *domain.Draft) { d.Name = anyName(t) })
		requireCreated(t, repo, e)
		name := []rune(e.key.Snapshot().Name.String())
		begin := rapid.IntRange(0, len(name)-1).Draw(t, "begin")
		end := rapid.IntRange(begin+1, len(name)).Draw(t, "end")
		part := string(name[begin:end])
		for _, q := range []string{part, strings.ToUpper(part), strings.ToLower(part)} {
			filter := domain.KeyFilter{Name: parsed(t, q, domain.ParseNamePart)}
			want := int64(0)
			if filter.Admits(e.key) { // which case mappings that are not simple may not
				want = 1
			}
			if got := list(t, repo, e.workspace(), filter, domain.Order{}, domain.Page{}); got.Total != want || int64(len(got.Keys)) != want {
				t.Fatalf("%q is found %d times by %q, want %d", string(name), got.Total, q, want)
			}
		}
	})
}
