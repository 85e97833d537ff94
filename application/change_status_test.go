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

// step changes the status of a key.
type step func(*application.Workspace, context.Context, domain.KeyID, ...application.ChangeOption) error

func TestStatus_TakesEffectAndIsRecordedOnce(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, spec())
	authorize := newAuthorize(keys, newHasher(t), clock)
	ws := open(t, keys, domain.PortalTenant) // portals matter for creation only
	want := []domain.EventType{domain.EventCreated}
	for _, s := range []struct {
		name    string
		do      step
		verdict domain.Verdict
		event   domain.EventType // empty if nothing changes
	}{
		{"enable an active key", (*application.Workspace).EnableKey, domain.VerdictOK, ""},
		{"disable", (*application.Workspace).DisableKey, domain.VerdictDisabled, domain.EventDisabled},
		{"disable again", (*application.Workspace).DisableKey, domain.VerdictDisabled, ""},
		{"enable", (*application.Workspace).EnableKey, domain.VerdictOK, domain.EventEnabled},
		{"delete", (*application.Workspace).DeleteKey, domain.VerdictNotFound, domain.EventDeleted},
	} {
		if err := s.do(ws, t.Context(), secret.KeyID()); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		got, err := authorize.Do(t.Context(), domain.Check{Secret: secret, Addr: inside})
		if err != nil || got.Verdict != s.verdict {
			t.Errorf("after %s the verdict is %s, %v, want %s", s.name, got.Verdict, err, s.verdict)
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
	for name, do := range map[string]step{"disable": (*application.Workspace).DisableKey, "enable": (*application.Workspace).EnableKey, "delete": (*application.Workspace).DeleteKey} {
		if err := do(ws, t.Context(), secret.KeyID()); !errors.Is(err, domain.ErrKeyNotFound) {
			t.Errorf("%s a deleted key: %v", name, err)
		}
	}
	if _, err := ws.GetKey(t.Context(), secret.KeyID()); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("get a deleted key: %v", err)
	}
}
