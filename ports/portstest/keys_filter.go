package portstest

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// filtersLists creates a key in each state, named after it. Those that expire do
// so at issuedAt.
func filtersLists(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	states := map[string]func(*domain.Snapshot){
		"active":               func(s *domain.Snapshot) { s.ExpiresAt = time.Time{} },
		"active TEST":          func(s *domain.Snapshot) { s.ExpiresAt = time.Time{}; s.Mode = domain.ModeTest },
		"disabled":             func(s *domain.Snapshot) { s.ExpiresAt = time.Time{}; s.Disabled = true },
		"expiring":             func(s *domain.Snapshot) { s.ExpiresAt = issuedAt },
		"expiring TEST":        func(s *domain.Snapshot) { s.ExpiresAt = issuedAt; s.Mode = domain.ModeTest },
		"disabled and expired": func(s *domain.Snapshot) { s.ExpiresAt = issuedAt; s.Disabled = true },
	}
	for name, edit := range states {
		requireCreated(t, repo, rehydrated(t, issue(t, in(ws), named(t, name)), edit))
	}
	before := issuedAt.Add(-time.Nanosecond)
	part := parsed(t, "test", domain.ParseNamePart)
	for name, c := range map[string]struct {
		filter domain.KeyFilter
		want   []string
	}{
		"active":                        {domain.KeyFilter{Status: domain.StatusActive, At: issuedAt}, []string{"active", "active TEST"}},
		"active before the expiry":      {domain.KeyFilter{Status: domain.StatusActive, At: before}, []string{"active", "active TEST", "expiring", "expiring TEST"}},
		"expired":                       {domain.KeyFilter{Status: domain.StatusExpired, At: issuedAt}, []string{"expiring", "expiring TEST"}},
		"expired, within a microsecond": {domain.KeyFilter{Status: domain.StatusExpired, At: issuedAt.Add(time.Nanosecond)}, []string{"expiring", "expiring TEST"}},
		"expired before the expiry":     {domain.KeyFilter{Status: domain.StatusExpired, At: before}, nil},
		"disabled":                      {domain.KeyFilter{Status: domain.StatusDisabled, At: issuedAt}, []string{"disabled", "disabled and expired"}},
		"an unknown status":             {domain.KeyFilter{Status: "GONE", At: issuedAt}, nil},
		"live":                          {domain.KeyFilter{Mode: domain.ModeLive}, []string{"active", "disabled", "disabled and expired", "expiring"}},
		"test":                          {domain.KeyFilter{Mode: domain.ModeTest}, []string{"active TEST", "expiring TEST"}},
		"by name":                       {domain.KeyFilter{Name: part}, []string{"active TEST", "expiring TEST"}},
		"by all three":                  {domain.KeyFilter{Status: domain.StatusExpired, Mode: domain.ModeTest, Name: part, At: issuedAt}, []string{"expiring TEST"}},
		"by three without a match":      {domain.KeyFilter{Status: domain.StatusActive, Mode: domain.ModeLive, Name: part, At: issuedAt}, nil},
	} {
		for _, order := range []domain.Order{{}, {By: domain.ByName, Ascending: true}} {
			got := list(t, repo, ws, c.filter, order, domain.Page{})
			if diff := gocmp.Diff(c.want, namesOf(got.Keys), exactly); diff != "" || got.Total != int64(len(c.want)) {
				t.Errorf("%s, total %d (-want +listed):\n%s", name, got.Total, diff)
			}
		}
	}
}
