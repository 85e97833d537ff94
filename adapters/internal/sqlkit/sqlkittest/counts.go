package sqlkittest

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RequireCounts fails the test unless each workspace has the given number of keys,
// all of which have "kEY" in their names by the folding of the domain.
func RequireCounts(t *testing.T, repo ports.KeyReader, want map[domain.WorkspaceID]int64) {
	t.Helper()
	part, faults := domain.ParseNamePart("kEY")
	if faults != nil {
		t.Fatal(faults)
	}
	for ws, n := range want {
		for _, filter := range []domain.KeyFilter{{}, {Name: part}} {
			list, err := repo.List(t.Context(), ws, filter, domain.Order{}, domain.Page{})
			if err != nil || list.Total != n || len(list.Keys) != int(min(n, domain.DefaultPageSize)) {
				t.Errorf("List of %s returns %d of %d keys and %v, want %d in total", ws, len(list.Keys), list.Total, err, n)
			}
		}
	}
}
