package portstest

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func cutsTrails(t *testing.T, repo ports.KeyRepository) {
	e := issue(t, in(newWorkspace()))
	requireCreated(t, repo, e)
	trail := []domain.Event{e.event}
	for i := range 3 {
		requireUpdated(t, repo, e, func(key *domain.APIKey) (domain.Event, error) {
			event, err := stateOf(t, issuedAt.Add(time.Duration(i+1)*time.Microsecond), func(s *domain.Snapshot) { s.Disabled = !s.Disabled })(key)
			trail = append([]domain.Event{event}, trail...)
			return event, err
		})
	}
	requireUpdated(t, repo, e, func(key *domain.APIKey) (domain.Event, error) {
		event, err := deletion(t, e)(key)
		trail = append([]domain.Event{event}, trail...)
		return event, err
	})
	for name, c := range map[string]struct {
		page domain.Page
		want []domain.Event
	}{
		"the default page":        {domain.Page{}, trail},
		"the first of two":        {page(t, 0, 2), trail[:2]},
		"the second of two":       {page(t, 1, 2), trail[2:4]},
		"the rest":                {page(t, 2, 2), trail[4:]},
		"a page beyond the last":  {page(t, 3, 2), nil},
		"the highest page number": {page(t, domain.MaxPageNumber, 100), nil},
	} {
		got, err := repo.Events(t.Context(), e.workspace(), e.id(), c.page)
		if diff := gocmp.Diff(c.want, got.Events, exactly); diff != "" || err != nil || got.Total != 5 {
			t.Errorf("%s, total %d, error %v (-want +listed):\n%s", name, got.Total, err, diff)
		}
	}
}

func hasNoEvents(t *testing.T, repo ports.KeyRepository) {
	got, err := repo.Events(t.Context(), newWorkspace(), issue(t).id(), domain.Page{})
	if err != nil || got.Total != 0 || len(got.Events) != 0 {
		t.Errorf("Events returns %d events of %d and %v, want none", len(got.Events), got.Total, err)
	}
}
