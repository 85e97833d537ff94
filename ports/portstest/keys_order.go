package portstest

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// listsInOrder uses names whose order depends on language, case and encoding
// (UTF-8 or UTF-16), and gives three keys the same time or name.
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
	byTime := func(a, b domain.Snapshot) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}
	byName := func(a, b domain.Snapshot) int {
		return cmp.Or(slices.Compare([]rune(a.Name.String()), []rune(b.Name.String())), cmp.Compare(a.ID, b.ID))
	}
	for name, c := range map[string]struct {
		order   domain.Order
		compare func(a, b domain.Snapshot) int
	}{
		"oldest first":        {domain.Order{By: domain.ByCreatedAt, Ascending: true}, byTime},
		"newest first":        {domain.Order{By: domain.ByCreatedAt}, func(a, b domain.Snapshot) int { return byTime(b, a) }},
		"by name":             {domain.Order{By: domain.ByName, Ascending: true}, byName},
		"by name, last first": {domain.Order{By: domain.ByName}, func(a, b domain.Snapshot) int { return byName(b, a) }},
		"by default":          {domain.Order{}, func(a, b domain.Snapshot) int { return byTime(b, a) }},
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
