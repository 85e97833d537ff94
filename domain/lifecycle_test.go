package domain_test

import (
	"errors"
	"math/rand/v2"
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

func TestRotate_KeepsTheOldSecretUntilGraceEnds(t *testing.T) {
	t.Parallel()
	first := newSecret(t, 1, domain.ModeLive)
	second, third := secretOf(t, first.KeyID(), 2), secretOf(t, first.KeyID(), 3)
	key := domain.Rehydrate(snapshot(t, first))
	rotate := func(s domain.Secret, grace time.Duration, at time.Time) {
		t.Helper()
		event, err := key.Rotate(digestOf(s), grace, "evt_1", domain.Author{}, at)
		if err != nil || event.Type != domain.EventRotated || len(event.Changes) != 1 {
			t.Fatalf("%+v, %v", event, err)
		}
	}
	works := func(s domain.Secret, at time.Time) bool {
		s2 := key.Snapshot()
		s2.IPWhitelist, s2.ExpiresAt = domain.IPWhitelist{}, time.Time{}
		return domain.Rehydrate(s2).Authorize(domain.Check{Secret: s}, verifier{}, at).Allowed()
	}
	expect := func(what string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s works: %t, want %t", what, got, want)
		}
	}
	at := now.Truncate(time.Microsecond)
	rotate(second, time.Minute, at)
	expect("the new secret", works(second, at), true)
	expect("the old one before grace ends", works(first, at.Add(time.Minute-time.Microsecond)), true)
	expect("the old one when grace ends", works(first, at.Add(time.Minute)), false)

	rotate(third, time.Hour, at.Add(time.Second))
	expect("the newest secret", works(third, at.Add(time.Second)), true)
	expect("the previous one before grace ends", works(second, at.Add(time.Hour)), true)
	expect("the one before that, whose grace has not ended", works(first, at.Add(2*time.Second)), false)
	if n := len(key.Snapshot().Secrets); n != 2 {
		t.Errorf("%d secrets are stored, want 2", n)
	}

	rotate(first, 0, at.Add(2*time.Second))
	expect("a secret rotated without grace", works(third, at.Add(2*time.Second)), false)
	if n := len(key.Snapshot().Secrets); n != 1 {
		t.Errorf("%d secrets are stored, want 1", n)
	}
}

func TestRotate_RejectsAnExpiredKey(t *testing.T) {
	t.Parallel()
	s := snapshot(t, newSecret(t, 1, domain.ModeLive))
	s.ExpiresAt = now
	_, err := domain.Rehydrate(s).Rotate(domain.Digest{}, 0, "evt_1", domain.Author{}, now)
	if !errors.Is(err, domain.ErrConflict) {
		t.Errorf("error = %v, want ErrConflict", err)
	}
}

func TestRotate_RejectsAGraceOutOfRange(t *testing.T) {
	t.Parallel()
	for grace, ok := range map[time.Duration]bool{-1: false, 0: true, domain.MaxGrace: true, domain.MaxGrace + 1: false} {
		key := domain.Rehydrate(snapshot(t, newSecret(t, 1, domain.ModeLive)))
		before := key.Tag()
		_, err := key.Rotate(domain.Digest{}, grace, "evt_1", domain.Author{}, now)
		if _, rejected := errors.AsType[domain.Faults](err); rejected == ok || !ok && key.Tag() != before {
			t.Errorf("Rotate with grace %v: %v", grace, err)
		}
	}
}

func TestParseGrace(t *testing.T) {
	t.Parallel()
	for seconds, ok := range map[int64]bool{-1: false, 0: true, 604800: true, 604801: false} {
		got, faults := domain.ParseGrace(seconds)
		if (faults == nil) != ok || ok && got != time.Duration(seconds)*time.Second {
			t.Errorf("ParseGrace(%d) = %v, %v", seconds, got, faults)
		}
	}
}

// secretOf returns another secret of the key with the given ID.
func secretOf(t *testing.T, id domain.KeyID, seed byte) domain.Secret {
	t.Helper()
	secret, err := domain.NewSecretOf(rand.NewChaCha8([32]byte{seed}), id)
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := domain.ParseSecret(secret.Reveal()); err != nil || parsed.KeyID() != id {
		t.Fatalf("the secret is not one of %s: %v", id, err)
	}
	return secret
}
