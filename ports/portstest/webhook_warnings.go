package portstest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func warnsOnce(t *testing.T, w webhookWorld) {
	e := w.key(t, "ws_a")
	warning := domain.Warning{Workspace: "ws_a", KeyID: e.id(), Kind: "expiring-7", Due: e.key.Snapshot().ExpiresAt}
	warn := func(warning domain.Warning) bool {
		made, err := w.Warn(t.Context(), warning, domain.ExpiryEvent(warning, e.key.Snapshot(), eventID(t), w.now()))
		if err != nil {
			t.Fatalf("Warn: %v", err)
		}
		return made
	}
	if warn(warning) {
		t.Error("warned without a webhook")
	}
	w.create(t, "ws_a", domain.WebhookKeyExpired)
	if warn(warning) {
		t.Error("warned without a webhook that subscribes")
	}
	one, two := w.create(t, "ws_a"), w.create(t, "ws_a", domain.WebhookKeyExpiring)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if made, err := w.Warn(cancelled, warning, domain.ExpiryEvent(warning, e.key.Snapshot(), eventID(t), w.now())); made || err == nil {
		t.Errorf("a cancelled Warn returns %t, %v", made, err)
	}
	var made atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		event := domain.ExpiryEvent(warning, e.key.Snapshot(), eventID(t), w.now())
		group.Go(func() {
			ok, err := w.Warn(t.Context(), warning, event)
			if err != nil {
				t.Errorf("Warn: %v", err)
			}
			if ok {
				made.Add(1)
			}
		})
	}
	group.Wait()
	if made.Load() != 1 || len(w.deliveries(t, one, "")) != 1 || len(w.deliveries(t, two, "")) != 1 {
		t.Errorf("warned %d times", made.Load())
	}
	moved := warning
	moved.Due = moved.Due.Add(time.Hour)
	if !warn(moved) {
		t.Error("not warned about another expiry")
	}
}

func findsExpiringKeys(t *testing.T, w webhookWorld) {
	expiring := func(workspace domain.WorkspaceID, in time.Duration) domain.KeyID {
		return w.key(t, workspace, func(d *domain.Draft) { d.ExpiresAt = w.now().Add(in).Truncate(time.Second) }).id()
	}
	w.create(t, "ws_a")
	off := w.create(t, "ws_off")
	w.change(t, off, domain.WebhookRevision{Enabled: new(bool)})
	w.pass(time.Minute)
	want := []domain.KeyID{expiring("ws_a", -30*time.Second), expiring("ws_a", time.Hour), expiring("ws_a", 29*24*time.Hour)}
	expiring("ws_a", -2*time.Minute)
	expiring("ws_a", 31*24*time.Hour)
	expiring("ws_off", time.Hour)
	expiring("ws_none", time.Hour)
	w.key(t, "ws_a", func(d *domain.Draft) { d.ExpiresAt = time.Time{} })
	deleted := w.key(t, "ws_a", func(d *domain.Draft) { d.ExpiresAt = w.now().Add(time.Hour).Truncate(time.Second) })
	err := w.Update(t.Context(), "ws_a", deleted.id(), func(k *domain.APIKey) (domain.Event, error) {
		return k.Delete(eventID(t), owner, w.now()), nil
	}, ports.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	var got []domain.KeyID
	for after := domain.KeyID(""); ; after = got[len(got)-1] {
		keys, err := w.ExpiringKeys(t.Context(), w.now(), after, 2)
		if err != nil {
			t.Fatalf("ExpiringKeys: %v", err)
		}
		for _, k := range keys {
			got = append(got, k.ID())
		}
		if len(keys) < 2 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("ExpiringKeys = %v, want %v", got, want)
	}
}

func remembersWarnings(t *testing.T, w webhookWorld) {
	e := w.key(t, "ws_a")
	w.create(t, "ws_a", domain.WebhookKeyLimitReached)
	w.set(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	begin := w.now()
	warn := func(period domain.Period) bool {
		limit, _ := domain.ParseQuota(domain.QuotaSpec{Limit: 1, Period: string(period)})
		warning, _ := domain.WarnedLimit("ws_a", e.id(), limit, limit.Window.Start(begin))
		made, err := w.Warn(t.Context(), warning, domain.LimitEvent(limit, e.key.Snapshot(), eventID(t), w.now()))
		if err != nil {
			t.Fatalf("Warn: %v", err)
		}
		return made
	}
	for _, step := range []struct {
		after                  time.Duration
		day, month, everything bool
	}{
		{0, true, true, true},
		{31*24*time.Hour - time.Second, false, false, false},
		{2*domain.DeliveryRetention + time.Second, true, true, false},
	} {
		w.set(begin.Add(step.after))
		if _, err := w.ForgetDeliveries(t.Context(), 10); err != nil {
			t.Fatalf("ForgetDeliveries: %v", err)
		}
		for period, want := range map[domain.Period]bool{domain.PeriodDay: step.day, domain.PeriodMonth: step.month, domain.PeriodTotal: step.everything} {
			if got := warn(period); got != want {
				t.Errorf("%s after the start, a warning about the quota of %s is made: %t, want %t", step.after, period, got, want)
			}
		}
	}
}
