package domain_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

// TestLifecycle_RecordsTheOldAndTheNewStatus changes the status of a key that
// expires midway.
func TestLifecycle_RecordsTheOldAndTheNewStatus(t *testing.T) {
	t.Parallel()
	s := snapshot(t, newSecret(t, 1, domain.ModeLive))
	s.Disabled, s.ExpiresAt, s.DeletedAt = false, now.Add(time.Hour), time.Time{}
	key := domain.Rehydrate(s)
	status := func(before, after any) []domain.Change {
		return []domain.Change{{Field: "status", Old: before, New: after}}
	}
	for _, step := range []struct {
		name string
		do   func(string, domain.Author, time.Time) domain.Event
		at   time.Time
		want []domain.Change // nil if there is no event
	}{
		{"enable an enabled key", key.Enable, now, nil},
		{"disable", key.Disable, now, status("ACTIVE", "DISABLED")},
		{"disable again", key.Disable, now, nil},
		{"enable", key.Enable, now, status("DISABLED", "ACTIVE")},
		{"disable an expired key", key.Disable, now.Add(time.Hour), status("EXPIRED", "DISABLED")},
		{"enable an expired key", key.Enable, now.Add(time.Hour), status("DISABLED", "EXPIRED")},
		{"delete", key.Delete, now.Add(time.Hour), status("EXPIRED", nil)},
	} {
		event := step.do("evt_1", domain.Author{}, step.at)
		if diff := cmp.Diff(step.want, event.Changes); diff != "" || (event.ID == "") != (step.want == nil) {
			t.Errorf("%s: event %q (-want +got):\n%s", step.name, event.ID, diff)
		}
	}
}

func TestRotate_RecordsTheEndOfGrace(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	for grace, want := range map[time.Duration]string{0: "2026-03-21T12:00:00Z", time.Minute: "2026-03-21T12:01:00Z"} {
		s := snapshot(t, secret)
		s.ExpiresAt = time.Time{}
		event, err := domain.Rehydrate(s).Rotate(digestOf(secret), grace, "evt_1", domain.Author{}, now)
		if diff := cmp.Diff([]domain.Change{{Field: "previousSecretValidUntil", New: want}}, event.Changes); diff != "" || err != nil {
			t.Errorf("grace %s: %v (-want +got):\n%s", grace, err, diff)
		}
	}
}
