package main

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestCountSecrets_CountsWhatWorksOrCould(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC)
	under := func(pepper string, until time.Time) domain.StoredSecret {
		return domain.StoredSecret{Digest: domain.Digest{PepperID: pepper}, ValidUntil: until}
	}
	peppers := configuredPeppers("p2:AQE=,p1:AAA=")
	for _, key := range []domain.Snapshot{
		{LastUsedAt: now.Add(-time.Hour), Secrets: []domain.StoredSecret{under("p2", time.Time{}), under("p1", now.Add(time.Minute))}},
		{LastUsedAt: now.Add(-2 * time.Hour), Secrets: []domain.StoredSecret{under("p1", time.Time{}), under("p1", now)}},
		{Secrets: []domain.StoredSecret{under("p0", time.Time{})}},
		{Secrets: []domain.StoredSecret{under("", time.Time{})}},
	} {
		countSecrets(peppers, key, now)
	}
	for _, want := range []pepperRecord{
		{Pepper: "p2", State: "CURRENT", Secrets: 1, oldest: now.Add(-time.Hour), latest: now.Add(-time.Hour)},
		{Pepper: "p1", State: "OLD", Secrets: 2, oldest: now.Add(-2 * time.Hour), latest: now.Add(-time.Hour)},
		{Pepper: "p0", State: "MISSING", Secrets: 1, NeverUsed: 1},
		{Pepper: "", State: "FOREIGN", Secrets: 1, NeverUsed: 1},
	} {
		if got := peppers[want.Pepper]; got == nil || *got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
