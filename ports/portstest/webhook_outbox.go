package portstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func deliversChanges(t *testing.T, w webhookWorld) {
	all := w.create(t, "ws_a")
	some := w.create(t, "ws_a", domain.WebhookKeyDisabled, domain.WebhookKeyDeleted)
	off := w.create(t, "ws_a")
	w.change(t, off, domain.WebhookRevision{Enabled: new(bool)})
	other := w.create(t, "ws_b")

	e := w.key(t, "ws_a")
	for _, change := range []func(*domain.APIKey) domain.Event{
		func(k *domain.APIKey) domain.Event { return k.Disable(eventID(t), owner, issuedAt) },
		func(k *domain.APIKey) domain.Event { return k.Enable(eventID(t), owner, issuedAt) },
		func(*domain.APIKey) domain.Event { return domain.Event{} },
		func(k *domain.APIKey) domain.Event { return k.Delete(eventID(t), owner, issuedAt) },
	} {
		err := w.Update(t.Context(), "ws_a", e.id(), func(k *domain.APIKey) (domain.Event, error) { return change(k), nil }, ports.UpdateOptions{})
		if err != nil {
			t.Fatalf("Update: %v", err)
		}
	}
	types := func(webhook domain.Webhook) (types []domain.WebhookEventType) {
		for _, d := range w.deliveries(t, webhook, "") {
			types = append(types, d.EventType)
			if d.KeyID != e.id() || d.Status != domain.DeliveryPending || d.Attempts != 0 || d.NextAttemptAt.IsZero() || !d.LastAttemptAt.IsZero() {
				t.Errorf("delivery = %+v", d)
			}
		}
		slices.Sort(types)
		return types
	}
	want := []domain.WebhookEventType{domain.WebhookKeyCreated, domain.WebhookKeyDeleted, domain.WebhookKeyDisabled, domain.WebhookKeyEnabled}
	if got := types(all); !slices.Equal(got, want) {
		t.Errorf("all events: %v", got)
	}
	if got := types(some); !slices.Equal(got, []domain.WebhookEventType{domain.WebhookKeyDeleted, domain.WebhookKeyDisabled}) {
		t.Errorf("some events: %v", got)
	}
	if types(off) != nil || types(other) != nil {
		t.Error("a disabled webhook or one of another workspace has deliveries")
	}
	due := w.claim(t, func(r *ports.ClaimRequest) { r.Except = []domain.WebhookID{some.ID} })
	i := slices.IndexFunc(due, func(d ports.DueDelivery) bool { return d.Type == domain.WebhookKeyCreated })
	if len(due) != 4 || i < 0 {
		t.Fatalf("claimed %+v", due)
	}
	d := due[i]
	var body struct {
		Type, Timestamp string
		Data            map[string]any
	}
	if err := json.Unmarshal(d.Body, &body); err != nil {
		t.Fatalf("%s: %v", d.Body, err)
	}
	wantData := map[string]any{
		"workspaceId": "ws_a", "apiKeyId": string(e.id()), "name": "Production Key", "mode": "LIVE", "status": "ACTIVE", "accountId": "acc_owner",
	}
	if diff := cmp.Diff(wantData, body.Data); diff != "" || body.Type != "api_key.created" || body.Timestamp != "2026-03-21T07:30:15Z" {
		t.Errorf("%s (-want +got):\n%s", d.Body, diff)
	}
	if d.ID != domain.NewDeliveryID(e.event.ID, all.ID) || d.URL != all.URL || d.Workspace != "ws_a" || d.Attempts != 0 ||
		len(d.Secrets) != 1 || !slices.Equal(d.Secrets[0].Box, all.Secrets[0].Box) || !d.CreatedAt.Equal(issuedAt) || !d.Now.Equal(w.now().Truncate(time.Microsecond)) {
		t.Errorf("claimed %+v", d)
	}
}

func deliversNoFailedChange(t *testing.T, w webhookWorld) {
	webhook := w.create(t, "ws_a")
	e := w.key(t, "ws_a")
	if err := w.Create(t.Context(), e.key, created(t, e.key, owner), ports.CreateOptions{}); !errors.Is(err, domain.ErrKeyExists) {
		t.Fatalf("Create returns %v", err)
	}
	full := issue(t, func(d *domain.Draft) { d.Workspace = "ws_a" })
	if err := w.Create(t.Context(), full.key, full.event, ports.CreateOptions{MaxKeys: 1}); !errors.Is(err, domain.ErrTooManyKeys) {
		t.Fatalf("Create returns %v", err)
	}
	if got := w.deliveries(t, webhook, ""); len(got) != 1 {
		t.Errorf("deliveries = %+v, want that of the first creation", got)
	}
}

func deliversManyCreations(t *testing.T, w webhookWorld) {
	const keys = 40
	webhook := w.create(t, "ws_many", domain.WebhookKeyCreated)
	var group sync.WaitGroup
	for range keys {
		e := issue(t, func(d *domain.Draft) { d.Workspace = "ws_many" })
		group.Go(func() {
			if err := w.Create(t.Context(), e.key, e.event, ports.CreateOptions{MaxKeys: 1000}); err != nil {
				t.Errorf("Create: %v", err)
			}
		})
	}
	group.Wait()
	distinct := map[domain.KeyID]bool{}
	for _, d := range w.claim(t) {
		var body struct {
			Data struct{ APIKeyID domain.KeyID }
		}
		if err := json.Unmarshal(d.Body, &body); err != nil || d.Webhook != webhook.ID {
			t.Fatalf("%s: %v", d.Body, err)
		}
		distinct[body.Data.APIKeyID] = true
	}
	if len(distinct) != keys {
		t.Errorf("deliveries of %d keys, want %d", len(distinct), keys)
	}
}

func leasesDeliveries(t *testing.T, w webhookWorld) {
	webhook := w.create(t, "ws_a")
	w.key(t, "ws_a")
	first := w.claim(t)
	if len(first) != 1 || len(w.claim(t)) != 0 {
		t.Fatalf("claimed %+v, and again", first)
	}
	w.pass(59 * time.Second)
	if len(w.claim(t)) != 0 {
		t.Error("claimed during the lease")
	}
	w.pass(time.Second)
	second := w.claim(t)
	if len(second) != 1 || second[0].ID != first[0].ID || second[0].Attempts != 0 {
		t.Fatalf("claimed %+v after the lease", second)
	}
	w.report(t, first[0], ports.OutcomeDelivered, 200, 0)
	if d := w.deliveries(t, webhook, ""); d[0].Status != domain.DeliveryPending || d[0].Attempts != 0 {
		t.Errorf("a lost lease counts: %+v", d)
	}
	w.report(t, second[0], ports.OutcomeRetry, 503, 5*time.Second)
	at := w.now().Truncate(time.Microsecond)
	d := w.deliveries(t, webhook, domain.DeliveryPending)[0]
	if d.Attempts != 1 || d.LastStatus != 503 || !d.LastAttemptAt.Equal(at) || !d.NextAttemptAt.Equal(at.Add(5*time.Second)) {
		t.Errorf("after a failed attempt: %+v", d)
	}
	w.pass(4 * time.Second)
	if len(w.claim(t)) != 0 {
		t.Error("claimed before it was due")
	}
	w.pass(time.Second)
	third := w.claim(t)
	if len(third) != 1 || third[0].Attempts != 1 {
		t.Fatalf("claimed %+v", third)
	}
	w.report(t, third[0], ports.OutcomeReturned, 0, time.Second)
	if d := w.deliveries(t, webhook, "")[0]; d.Attempts != 1 || d.LastStatus != 503 {
		t.Errorf("a returned delivery counts: %+v", d)
	}
	w.pass(time.Second)
	w.report(t, w.claim(t)[0], ports.OutcomeDelivered, 204, 0)
	d = w.deliveries(t, webhook, domain.DeliveryDelivered)[0]
	if d.Attempts != 2 || d.LastStatus != 204 || !d.NextAttemptAt.IsZero() {
		t.Errorf("after the delivery: %+v", d)
	}
	w.key(t, "ws_a")
	w.report(t, w.claim(t)[0], ports.OutcomeFailed, 0, 0)
	if d := w.deliveries(t, webhook, domain.DeliveryFailed); len(d) != 1 || d[0].LastStatus != 0 {
		t.Errorf("after the last attempt: %+v", d)
	}
	w.pass(240 * time.Hour)
	if len(w.claim(t)) != 0 {
		t.Error("claimed what has ended")
	}
}

func isFair(t *testing.T, w webhookWorld) {
	busy := w.create(t, "ws_busy")
	for range 8 {
		w.key(t, "ws_busy")
	}
	w.pass(time.Second)
	var calm []domain.Webhook
	for i := range 3 {
		workspace := domain.WorkspaceID(fmt.Sprintf("ws_calm%d", i))
		calm = append(calm, w.create(t, workspace))
		w.key(t, workspace)
	}
	state, err := w.Queue(t.Context())
	if err != nil || state != (ports.QueueState{Pending: 11, Due: 11, OldestDue: time.Second}) {
		t.Errorf("Queue = %+v, %v", state, err)
	}
	claimed := w.claim(t, func(r *ports.ClaimRequest) { r.Limit, r.PerWebhook = 5, 3 })
	of := map[domain.WebhookID]int{}
	for _, d := range claimed {
		of[d.Webhook]++
	}
	if of[busy.ID] != 2 || of[calm[0].ID] != 1 || of[calm[1].ID] != 1 || of[calm[2].ID] != 1 {
		t.Errorf("claimed %v, want the first of each before the second of any", of)
	}
	if n := len(w.claim(t, func(r *ports.ClaimRequest) { r.PerWebhook = 3 })); n != 3 {
		t.Errorf("claimed %d of one webhook, want 3", n)
	}
	if n := len(w.claim(t, func(r *ports.ClaimRequest) { r.Except = []domain.WebhookID{busy.ID} })); n != 0 {
		t.Errorf("claimed %d of an excepted webhook", n)
	}
	if state, err := w.Queue(t.Context()); err != nil || state.Pending != 11 || state.Due != 3 {
		t.Errorf("Queue = %+v, %v", state, err)
	}
}

func claimsConcurrently(t *testing.T, w webhookWorld) {
	const webhooks, each = 5, 12
	for i := range webhooks {
		workspace := domain.WorkspaceID(fmt.Sprintf("ws_%d", i))
		w.create(t, workspace)
		for range each {
			w.key(t, workspace)
		}
	}
	var mu sync.Mutex
	claimed := map[domain.DeliveryID]int{}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for idle := 0; idle < 3; {
				due, err := w.Claim(t.Context(), ports.ClaimRequest{Limit: 7, PerWebhook: 2, Lease: time.Minute})
				if err != nil {
					t.Errorf("Claim: %v", err)
					return
				}
				if len(due) == 0 {
					idle++
				}
				mu.Lock()
				for _, d := range due {
					claimed[d.ID]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for _, d := range w.claim(t) { // what the last claims have skipped
		claimed[d.ID]++
	}
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
	if len(claimed) != webhooks*each {
		t.Errorf("%d claimed, want %d", len(claimed), webhooks*each)
	}
}

func triesTheNewURL(t *testing.T, w webhookWorld) {
	webhook := w.create(t, "ws_a")
	for range 4 {
		w.key(t, "ws_a")
	}
	old := w.claim(t)
	url := "https://new.example"
	w.change(t, webhook, domain.WebhookRevision{URL: &url})
	for i, kind := range []ports.OutcomeKind{ports.OutcomeGone, ports.OutcomeFailed, ports.OutcomeRetry} {
		if stopped := w.report(t, old[i], kind, 410, time.Hour); stopped != nil {
			t.Errorf("%d stops the webhook: %+v", kind, stopped)
		}
	}
	w.report(t, old[3], ports.OutcomeDelivered, 200, 0)
	found, err := w.Webhook(t.Context(), "ws_a", webhook.ID)
	if err != nil || !found.Enabled || !found.FailingSince.IsZero() {
		t.Errorf("webhook = %+v, %v", found, err)
	}
	again := w.claim(t)
	if len(again) != 3 {
		t.Fatalf("%d deliveries are due, want 3", len(again))
	}
	for _, d := range again {
		if d.URL != url || d.Attempts != 0 || d.ID == old[3].ID {
			t.Errorf("due: %s at %s after %d attempts", d.ID, d.URL, d.Attempts)
		}
	}
	if stopped := w.report(t, again[0], ports.OutcomeGone, 410, 0); len(stopped) != 1 {
		t.Errorf("the new URL is gone, which stops %v", stopped)
	}
}

func stopsWebhooks(t *testing.T, w webhookWorld) {
	gone, failing := w.create(t, "ws_gone"), w.create(t, "ws_failing")
	w.key(t, "ws_gone")
	w.key(t, "ws_gone")
	due := w.claim(t, func(r *ports.ClaimRequest) { r.PerWebhook = 1 })
	stopped := w.report(t, due[0], ports.OutcomeGone, 410, 0)
	if !slices.Equal(stopped, []ports.StoppedWebhook{{ID: gone.ID, Workspace: "ws_gone", Reason: domain.DisabledGone}}) {
		t.Errorf("stopped %+v", stopped)
	}
	if got := statuses(w.deliveries(t, gone, "")); !slices.Equal(got, []domain.DeliveryStatus{domain.DeliveryDropped, domain.DeliveryDropped}) {
		t.Errorf("deliveries are %v", got)
	}
	found, err := w.Webhook(t.Context(), "ws_gone", gone.ID)
	if err != nil || found.Enabled || found.DisabledReason != domain.DisabledGone {
		t.Errorf("webhook = %+v, %v", found, err)
	}
	trail, err := w.WebhookEvents(t.Context(), "ws_gone", gone.ID, domain.Page{})
	if err != nil || trail.Events[0].Type != domain.EventWebhookStopped || trail.Events[0].By.Portal != domain.PortalSystem {
		t.Errorf("trail = %+v, %v", trail, err)
	}

	fail := func(after time.Duration) []ports.StoppedWebhook {
		w.pass(after)
		w.key(t, "ws_failing")
		due := w.claim(t)
		if len(due) != 1 {
			t.Fatalf("claimed %+v", due)
		}
		return w.report(t, due[0], ports.OutcomeFailed, 500, 0)
	}
	if s := slices.Concat(fail(0), fail(119*time.Hour)); s != nil {
		t.Fatalf("stopped %+v before five days", s)
	}
	w.key(t, "ws_failing")
	w.report(t, w.claim(t)[0], ports.OutcomeDelivered, 200, 0)
	if s := slices.Concat(fail(2*time.Hour), fail(119*time.Hour)); s != nil {
		t.Fatalf("stopped %+v before five days after a success", s)
	}
	if s := fail(time.Hour); !slices.Equal(s, []ports.StoppedWebhook{{ID: failing.ID, Workspace: "ws_failing", Reason: domain.DisabledFailing}}) {
		t.Errorf("stopped %+v after five days", s)
	}
	on := true
	w.change(t, failing, domain.WebhookRevision{Enabled: &on})
	if s := fail(0); s != nil {
		t.Errorf("stopped %+v at the first failure after it was enabled", s)
	}
}

func dropsDeliveries(t *testing.T, w webhookWorld) {
	webhook := w.create(t, "ws_a")
	w.key(t, "ws_a")
	due := w.claim(t)
	w.change(t, webhook, domain.WebhookRevision{Enabled: new(bool)})
	w.key(t, "ws_a")
	w.report(t, due[0], ports.OutcomeRetry, 500, 0)
	if got := statuses(w.deliveries(t, webhook, "")); !slices.Equal(got, []domain.DeliveryStatus{domain.DeliveryDropped}) {
		t.Errorf("deliveries are %v", got)
	}
	on := true
	w.change(t, webhook, domain.WebhookRevision{Enabled: &on})
	if len(w.claim(t)) != 0 {
		t.Error("a dropped delivery is due again")
	}
	w.key(t, "ws_a")
	err := w.UpdateWebhook(t.Context(), "ws_a", webhook.ID, func(found *domain.Webhook) (domain.Event, error) {
		return found.Delete(eventID(t), owner, w.now()), nil
	}, nil)
	if err != nil || len(w.claim(t)) != 0 {
		t.Errorf("a delivery of a deleted webhook is due: %v", err)
	}
	if _, err := w.Deliveries(t.Context(), "ws_a", webhook.ID, "", domain.Page{}); !errors.Is(err, domain.ErrWebhookNotFound) {
		t.Errorf("Deliveries of a deleted webhook returns %v", err)
	}
}

func testsAndRetries(t *testing.T, w webhookWorld) {
	webhook := w.create(t, "ws_a", domain.WebhookKeyDeleted)
	once := &ports.Idempotency{Key: "test-1", Fingerprint: [32]byte{1}, At: w.now(), Until: w.now().Add(time.Hour)}
	test := func() error {
		event := domain.TestEvent("ws_a", webhook.ID, eventID(t), owner, w.now())
		return w.TestWebhook(t.Context(), "ws_a", webhook.ID, event, once)
	}
	if err := test(); err != nil {
		t.Fatalf("TestWebhook: %v", err)
	}
	if err := test(); err == nil || w.now().IsZero() {
		t.Error("a repeated test is sent again")
	}
	due := w.claim(t)
	if len(due) != 1 || due[0].Type != domain.WebhookTest {
		t.Fatalf("claimed %+v", due)
	}
	retry := func(id domain.DeliveryID) error { return w.RetryDelivery(t.Context(), "ws_a", webhook.ID, id, nil) }
	if err := retry(due[0].ID); err != nil || len(w.claim(t)) != 0 {
		t.Errorf("a leased delivery is handed out again: %v", err)
	}
	w.report(t, due[0], ports.OutcomeRetry, 500, time.Hour)
	if err := retry(due[0].ID); err != nil {
		t.Fatalf("RetryDelivery: %v", err)
	}
	due = w.claim(t)
	if len(due) != 1 || due[0].Attempts != 1 {
		t.Fatalf("claimed %+v after a retry", due)
	}
	w.report(t, due[0], ports.OutcomeDelivered, 200, 0)
	if err := retry(due[0].ID); err != nil {
		t.Fatalf("RetryDelivery: %v", err)
	}
	if d := w.deliveries(t, webhook, "")[0]; d.Status != domain.DeliveryPending || d.Attempts != 0 || d.KeyID != "" {
		t.Errorf("a retried delivery is %+v", d)
	}
	if err := retry("dlv_unknown"); !errors.Is(err, domain.ErrWebhookNotFound) {
		t.Errorf("an unknown delivery returns %v", err)
	}
	w.change(t, webhook, domain.WebhookRevision{Enabled: new(bool)})
	once = nil
	if err := test(); !errors.Is(err, domain.ErrConflict) {
		t.Errorf("a test of a disabled webhook returns %v", err)
	}
	if err := retry(due[0].ID); !errors.Is(err, domain.ErrConflict) {
		t.Errorf("a retry of a disabled webhook returns %v", err)
	}
}

func forgetsDeliveries(t *testing.T, w webhookWorld) {
	webhook := w.create(t, "ws_a")
	old := func(n int) {
		for range n {
			w.key(t, "ws_a")
		}
	}
	old(3)
	w.pass(domain.DeliveryRetention)
	due := w.claim(t)
	w.report(t, due[0], ports.OutcomeDelivered, 200, 0)
	w.report(t, due[1], ports.OutcomeFailed, 500, 0)
	if n, err := w.ForgetDeliveries(t.Context(), 1); err != nil || n != 1 {
		t.Errorf("ForgetDeliveries = %d, %v; want 1", n, err)
	}
	if n, err := w.ForgetDeliveries(t.Context(), 10); err != nil || n != 1 {
		t.Errorf("ForgetDeliveries = %d, %v; want 1", n, err)
	}
	if got := w.deliveries(t, webhook, ""); len(got) != 1 || got[0].Status != domain.DeliveryPending {
		t.Errorf("left %+v", got)
	}
	w.pass(domain.DeliveryRetention)
	if n, err := w.ForgetDeliveries(t.Context(), 10); err != nil || n != 1 {
		t.Errorf("ForgetDeliveries = %d, %v; want 1, the delivery that is still pending", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.ForgetDeliveries(ctx, 10); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("with a cancelled context: %v", err)
	}
}

func forgetsWebhooks(t *testing.T, w webhookWorld) {
	living, deleted := w.create(t, "ws_a"), w.create(t, "ws_b")
	send := func(webhook domain.Webhook) {
		event := domain.TestEvent(webhook.Workspace, webhook.ID, eventID(t), owner, w.now())
		if err := w.TestWebhook(t.Context(), webhook.Workspace, webhook.ID, event, nil); err != nil {
			t.Fatalf("TestWebhook: %v", err)
		}
	}
	forget := func(after time.Duration, want int) {
		w.pass(after)
		if n, err := w.ForgetDeliveries(t.Context(), 1); err != nil || n != want {
			t.Errorf("ForgetDeliveries = %d, %v; want %d", n, err, want)
		}
	}
	send(deleted)
	send(deleted)
	err := w.UpdateWebhook(t.Context(), "ws_b", deleted.ID, func(found *domain.Webhook) (domain.Event, error) {
		return found.Delete(eventID(t), owner, w.now()), nil
	}, nil)
	if err != nil {
		t.Fatalf("UpdateWebhook: %v", err)
	}
	forget(domain.DeliveryRetention, 0)
	forget(time.Second, 1)
	forget(0, 1) // the webhook must have been kept for that
	forget(0, 0)
	trail, err := w.WebhookEvents(t.Context(), "ws_b", deleted.ID, domain.Page{})
	if err != nil || trail.Total != 2 {
		t.Errorf("the audit trail has %d events, %v; want 2", trail.Total, err)
	}
	if trail, err := w.WebhookEvents(t.Context(), "ws_a", deleted.ID, domain.Page{}); err != nil || trail.Total != 0 {
		t.Errorf("another workspace has the audit trail: %+v, %v", trail, err)
	}
	again, event := w.webhook(t, "ws_b")
	again.ID, event.KeyID = deleted.ID, domain.KeyID(deleted.ID)
	if err := w.CreateWebhook(t.Context(), again, event, nil); err != nil {
		t.Errorf("the deleted webhook is still stored: %v", err)
	}
	send(living)
}
