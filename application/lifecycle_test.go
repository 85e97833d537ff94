package application_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// step is one of the methods of a Lifecycle.
type step func(*application.Lifecycle, context.Context, application.Owner, domain.KeyID, application.Once) error

func TestLifecycle_IsInForceAndRecordedOnce(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, spec(t))
	authorize := newAuthorize(keys, newHasher(t), clock)
	lifecycle := application.NewLifecycle(keys, random(), clock)
	owner := ownerOf(t, domain.PortalTenant) // portals do not matter beyond creation
	want := []domain.EventType{domain.EventCreated}
	for _, s := range []struct {
		name    string
		do      step
		verdict domain.Verdict
		event   domain.EventType // empty: nothing changes
	}{
		{"enable an active key", (*application.Lifecycle).Enable, domain.VerdictOK, ""},
		{"disable", (*application.Lifecycle).Disable, domain.VerdictDisabled, domain.EventDisabled},
		{"disable again", (*application.Lifecycle).Disable, domain.VerdictDisabled, ""},
		{"enable", (*application.Lifecycle).Enable, domain.VerdictOK, domain.EventEnabled},
		{"delete", (*application.Lifecycle).Delete, domain.VerdictNotFound, domain.EventDeleted},
	} {
		if err := s.do(lifecycle, t.Context(), owner, secret.KeyID(), application.Once{}); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		got, err := authorize.Do(t.Context(), domain.Check{Secret: secret, Addr: inside})
		if err != nil || got.Verdict != s.verdict {
			t.Errorf("after %s the check says %s, %v, want %s", s.name, got.Verdict, err, s.verdict)
		}
		if s.event != "" {
			want = append([]domain.EventType{s.event}, want...)
		}
		events, err := eventsOf(t, keys, secret.KeyID())
		if err != nil {
			t.Fatal(err)
		}
		types := make([]domain.EventType, len(events))
		for i, e := range events {
			types[i] = e.Type
		}
		if diff := cmp.Diff(want, types); diff != "" {
			t.Errorf("events after %s (-want +got):\n%s", s.name, diff)
		}
		if s.event != "" && (events[0].By.AccountID != "acc-1" || events[0].By.Portal != domain.PortalTenant || events[0].By.Origin != origin) {
			t.Errorf("%s is recorded as by %+v", s.name, events[0].By)
		}
	}
	for name, do := range map[string]step{"disable": (*application.Lifecycle).Disable, "enable": (*application.Lifecycle).Enable, "delete": (*application.Lifecycle).Delete} {
		if err := do(lifecycle, t.Context(), owner, secret.KeyID(), application.Once{}); !errors.Is(err, domain.ErrKeyNotFound) {
			t.Errorf("%s a deleted key: %v", name, err)
		}
	}
	if _, err := application.NewGetKey(keys).Do(t.Context(), owner, secret.KeyID()); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("get a deleted key: %v", err)
	}
}

func TestLifecycle_AsksForAnOwner(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, spec(t))
	lifecycle := application.NewLifecycle(keys, random(), clock)
	for name, do := range map[string]step{"disable": (*application.Lifecycle).Disable, "enable": (*application.Lifecycle).Enable, "delete": (*application.Lifecycle).Delete} {
		if err := do(lifecycle, t.Context(), application.Owner{}, secret.KeyID(), application.Once{}); !errors.Is(err, domain.ErrNotOwner) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := application.NewGetKey(keys).Do(t.Context(), application.Owner{}, secret.KeyID()); !errors.Is(err, domain.ErrNotOwner) {
		t.Errorf("get: %v", err)
	}
}
