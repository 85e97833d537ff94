package portstest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// WebhookedStore is a store of keys whose changes are delivered to webhooks.
type WebhookedStore interface {
	ports.KeyRepository
	ports.WebhookStore
}

// RunWebhookStore tests the promises of [ports.WebhookStore]. open returns a store that is
// ready, that nothing else uses, and whose clock is now.
func RunWebhookStore(t *testing.T, open func(t testing.TB, now func() time.Time) WebhookedStore) {
	cases := map[string]func(*testing.T, webhookWorld){
		"keeps webhooks":                                      keepsWebhooks,
		"admits ten webhooks per workspace":                   admitsTenWebhooks,
		"makes a request with an idempotency key once":        makesWebhooksOnce,
		"delivers every change to those that subscribe":       deliversChanges,
		"delivers nothing of a change that fails":             deliversNoFailedChange,
		"delivers the keys of many creations":                 deliversManyCreations,
		"leases a delivery until it is reported":              leasesDeliveries,
		"is fair between webhooks":                            isFair,
		"hands a delivery to one sender":                      claimsConcurrently,
		"stops a webhook that is gone or fails for five days": stopsWebhooks,
		"tries the new URL after a failure of an old one":     triesTheNewURL,
		"drops what is pending when a webhook stops":          dropsDeliveries,
		"tests and retries":                                   testsAndRetries,
		"warns once":                                          warnsOnce,
		"finds the keys that expire":                          findsExpiringKeys,
		"forgets old deliveries only":                         forgetsDeliveries,
		"forgets deleted webhooks after their deliveries":     forgetsWebhooks,
		"remembers warnings as long as their windows last":    remembersWarnings,
		"counts and replaces sealing keys":                    resealsSecrets,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := webhookWorld{at: new(atomic.Pointer[time.Time])}
			w.set(webhooksBegin)
			w.WebhookedStore = open(t, func() time.Time { return *w.at.Load() })
			run(t, w)
		})
	}
}

// webhooksBegin is the time at which every case begins.
var webhooksBegin = time.Date(2026, 3, 21, 10, 0, 10, 500000, time.UTC)

// webhookWorld is a store with a clock.
type webhookWorld struct {
	WebhookedStore

	at *atomic.Pointer[time.Time]
}

func (w webhookWorld) set(t time.Time)      { w.at.Store(&t) }
func (w webhookWorld) now() time.Time       { return *w.at.Load() }
func (w webhookWorld) pass(d time.Duration) { w.set(w.now().Add(d)) }

func eventID(t testing.TB) string {
	t.Helper()
	return must(t)(domain.NewEventID(time.Now(), rand.Reader))
}

func must(t testing.TB) func(string, error) string {
	return func(s string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// webhook returns a new webhook of workspace that is not stored.
func (w webhookWorld) webhook(t testing.TB, workspace domain.WorkspaceID, events ...domain.WebhookEventType) (domain.Webhook, domain.Event) {
	t.Helper()
	id, err := domain.NewWebhookID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	draft := domain.WebhookDraft{Workspace: workspace, URL: "https://example.com/" + string(id), Events: events, Description: "Überwachung"}
	return domain.NewWebhook(draft, id, domain.SealedSecret{KeyID: "s1", Box: []byte{0, 1, 255}}, eventID(t), owner, w.now())
}

// create stores a new webhook.
func (w webhookWorld) create(t testing.TB, workspace domain.WorkspaceID, events ...domain.WebhookEventType) domain.Webhook {
	t.Helper()
	webhook, event := w.webhook(t, workspace, events...)
	if err := w.CreateWebhook(t.Context(), webhook, event, nil); err != nil {
		t.Fatalf("CreateWebhook: %v", err)
	}
	return webhook
}

// change revises a webhook.
func (w webhookWorld) change(t testing.TB, webhook domain.Webhook, r domain.WebhookRevision) {
	t.Helper()
	err := w.UpdateWebhook(t.Context(), webhook.Workspace, webhook.ID, func(found *domain.Webhook) (domain.Event, error) {
		return found.Revise(r, eventID(t), owner, w.now()), nil
	}, nil)
	if err != nil {
		t.Fatalf("UpdateWebhook: %v", err)
	}
}

// key creates a key.
func (w webhookWorld) key(t testing.TB, workspace domain.WorkspaceID, edit ...func(*domain.Draft)) entry {
	t.Helper()
	e := issue(t, append(edit, func(d *domain.Draft) { d.Workspace = workspace })...)
	if err := w.Create(t.Context(), e.key, e.event, ports.CreateOptions{}); err != nil {
		t.Fatalf("Create: %v", err)
	}
	return e
}

// claim claims deliveries.
func (w webhookWorld) claim(t testing.TB, edit ...func(*ports.ClaimRequest)) []ports.DueDelivery {
	t.Helper()
	request := ports.ClaimRequest{Limit: 100, PerWebhook: 100, Lease: time.Minute}
	for _, e := range edit {
		e(&request)
	}
	due, err := w.Claim(t.Context(), request)
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	return due
}

// report reports the outcome of a claimed delivery.
func (w webhookWorld) report(t testing.TB, d ports.DueDelivery, kind ports.OutcomeKind, status int, after time.Duration) []ports.StoppedWebhook {
	t.Helper()
	stopped, err := w.Report(t.Context(), []ports.Outcome{{
		Delivery: d.ID, Webhook: d.Webhook, Claim: d.Claim, URL: d.URL, Kind: kind, Status: status, RetryAfter: after, EventID: eventID(t),
	}})
	if err != nil {
		t.Fatalf("Report: %v", err)
	}
	return stopped
}

// deliveries returns the deliveries of a webhook, newest first.
func (w webhookWorld) deliveries(t testing.TB, webhook domain.Webhook, status domain.DeliveryStatus) []domain.Delivery {
	t.Helper()
	page, _ := domain.NewPage(0, domain.MaxPageSize)
	list, err := w.Deliveries(t.Context(), webhook.Workspace, webhook.ID, status, page)
	if err != nil {
		t.Fatalf("Deliveries: %v", err)
	}
	if list.Total != int64(len(list.Deliveries)) {
		t.Errorf("total = %d of %d deliveries", list.Total, len(list.Deliveries))
	}
	return list.Deliveries
}

func statuses(deliveries []domain.Delivery) []domain.DeliveryStatus {
	var all []domain.DeliveryStatus
	for _, d := range deliveries {
		all = append(all, d.Status)
	}
	return all
}

func keepsWebhooks(t *testing.T, w webhookWorld) {
	first := w.create(t, "ws_a")
	w.pass(time.Second)
	second := w.create(t, "ws_a", domain.WebhookKeyCreated, domain.WebhookKeyExpired)
	w.create(t, "ws_b")

	found, err := w.Webhook(t.Context(), "ws_a", second.ID)
	if diff := cmp.Diff(&second, found); err != nil || diff != "" {
		t.Fatalf("Webhook (-stored +found): %v\n%s", err, diff)
	}
	for _, c := range []struct {
		workspace domain.WorkspaceID
		id        domain.WebhookID
	}{{"ws_b", second.ID}, {"ws_a", "wh_0000000000000000000000"}} {
		if _, err := w.Webhook(t.Context(), c.workspace, c.id); !errors.Is(err, domain.ErrWebhookNotFound) {
			t.Errorf("Webhook of %s returns %v, want ErrWebhookNotFound", c.workspace, err)
		}
		err := w.UpdateWebhook(t.Context(), c.workspace, c.id, func(*domain.Webhook) (domain.Event, error) {
			t.Error("change was called")
			return domain.Event{}, nil
		}, nil)
		if !errors.Is(err, domain.ErrWebhookNotFound) {
			t.Errorf("UpdateWebhook of %s returns %v, want ErrWebhookNotFound", c.workspace, err)
		}
	}
	list, err := w.Webhooks(t.Context(), "ws_a", domain.Page{})
	if err != nil || list.Total != 2 || len(list.Webhooks) != 2 || list.Webhooks[0].ID != second.ID || list.Webhooks[1].ID != first.ID {
		t.Errorf("Webhooks = %+v, %v; want both, newest first", list, err)
	}
	page, _ := domain.NewPage(1, 1)
	if list, err = w.Webhooks(t.Context(), "ws_a", page); err != nil || list.Total != 2 || len(list.Webhooks) != 1 || list.Webhooks[0].ID != first.ID {
		t.Errorf("second page = %+v, %v", list, err)
	}

	refused := errors.New("refused")
	err = w.UpdateWebhook(t.Context(), "ws_a", first.ID, func(found *domain.Webhook) (domain.Event, error) {
		found.URL = "https://other.example"
		return domain.Event{}, refused
	}, nil)
	if !errors.Is(err, refused) {
		t.Errorf("UpdateWebhook returns %v, want the error of change", err)
	}
	url := "https://new.example"
	w.change(t, first, domain.WebhookRevision{URL: &url, Events: &[]domain.WebhookEventType{domain.WebhookKeyDeleted}, Enabled: new(bool)})
	err = w.UpdateWebhook(t.Context(), "ws_a", first.ID, func(found *domain.Webhook) (domain.Event, error) {
		return found.Rotate(domain.SealedSecret{KeyID: "s2", Box: []byte("box")}, eventID(t), owner, w.now()), nil
	}, nil)
	if err != nil {
		t.Fatalf("UpdateWebhook: %v", err)
	}
	found, err = w.Webhook(t.Context(), "ws_a", first.ID)
	if err != nil || found.URL != url || found.Enabled || found.DisabledReason != domain.DisabledByOwner || len(found.Events) != 1 ||
		len(found.Secrets) != 2 || found.Secrets[0].KeyID != "s2" || !found.Secrets[1].ValidUntil.Equal(w.now().Add(24*time.Hour).Truncate(time.Microsecond)) {
		t.Errorf("after the changes: %+v, %v", found, err)
	}
	err = w.UpdateWebhook(t.Context(), "ws_a", first.ID, func(found *domain.Webhook) (domain.Event, error) {
		return found.Delete(eventID(t), owner, w.now()), nil
	}, nil)
	if err != nil {
		t.Fatalf("delete: %v", err)
	}
	if _, err := w.Webhook(t.Context(), "ws_a", first.ID); !errors.Is(err, domain.ErrWebhookNotFound) {
		t.Errorf("a deleted webhook is found: %v", err)
	}
	trail, err := w.WebhookEvents(t.Context(), "ws_a", first.ID, domain.Page{})
	var types []domain.EventType
	for _, e := range trail.Events {
		types = append(types, e.Type)
	}
	want := []domain.EventType{domain.EventWebhookDeleted, domain.EventWebhookRotated, domain.EventWebhookUpdated, domain.EventWebhookCreated}
	if err != nil || !slices.Equal(types, want) || trail.Total != 4 {
		t.Fatalf("trail = %v, %d, %v; want %v", types, trail.Total, err, want)
	}
	if e := trail.Events[2]; e.By != owner || len(e.Changes) != 3 || e.Changes[0].New != url || e.KeyID != domain.KeyID(first.ID) {
		t.Errorf("event = %+v", e)
	}
}

func admitsTenWebhooks(t *testing.T, w webhookWorld) {
	var created, refused atomic.Int64
	var group sync.WaitGroup
	for range domain.MaxWebhooks + 5 {
		webhook, event := w.webhook(t, "ws_full")
		group.Go(func() {
			switch err := w.CreateWebhook(t.Context(), webhook, event, nil); {
			case err == nil:
				created.Add(1)
			case errors.Is(err, domain.ErrTooManyWebhooks):
				refused.Add(1)
			default:
				t.Errorf("CreateWebhook: %v", err)
			}
		})
	}
	group.Wait()
	if created.Load() != domain.MaxWebhooks || refused.Load() != 5 {
		t.Errorf("%d created, %d refused", created.Load(), refused.Load())
	}
	w.create(t, "ws_other")
}

func makesWebhooksOnce(t *testing.T, w webhookWorld) {
	webhook, event := w.webhook(t, "ws_a", domain.WebhookKeyCreated)
	once := &ports.Idempotency{Key: "order-1", Fingerprint: [32]byte{1}, At: w.now(), Until: w.now().Add(time.Hour)}
	if err := w.CreateWebhook(t.Context(), webhook, event, once); err != nil {
		t.Fatal(err)
	}
	err := w.CreateWebhook(t.Context(), webhook, event, once)
	replayed, ok := errors.AsType[*ports.WebhookReplayed](err)
	if !ok {
		t.Fatalf("a repeat returns %v, want a WebhookReplayed", err)
	}
	want := webhook
	want.Secrets = nil
	if diff := cmp.Diff(&want, replayed.Outcome); diff != "" || !replayed.At.Equal(once.At.Truncate(time.Microsecond)) {
		t.Errorf("replayed at %v (-want +got):\n%s", replayed.At, diff)
	}
	other := *once
	other.Fingerprint = [32]byte{2}
	if err := w.CreateWebhook(t.Context(), webhook, event, &other); !errors.Is(err, domain.ErrIdempotencyKeyReused) {
		t.Errorf("another request returns %v, want ErrIdempotencyKeyReused", err)
	}
	e := issue(t, func(d *domain.Draft) { d.Workspace = "ws_a" })
	if err := w.Create(t.Context(), e.key, e.event, ports.CreateOptions{Idempotency: &other}); !errors.Is(err, domain.ErrIdempotencyKeyReused) {
		t.Errorf("a request about a key returns %v, want ErrIdempotencyKeyReused", err)
	}
}

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

func resealsSecrets(t *testing.T, w webhookWorld) {
	one, two := w.create(t, "ws_a"), w.create(t, "ws_b")
	for range 2 {
		err := w.UpdateWebhook(t.Context(), "ws_b", two.ID, func(found *domain.Webhook) (domain.Event, error) {
			return found.Rotate(domain.SealedSecret{KeyID: "s2", Box: []byte("box")}, eventID(t), owner, w.now()), nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	uses := func(want map[string][]domain.SealedWebhook) {
		t.Helper()
		got, err := w.SealingKeys(t.Context())
		all := map[string]domain.SealingUse{}
		for key, first := range want {
			all[key] = domain.SealingUse{Webhooks: int64(len(first)), First: first}
		}
		if diff := cmp.Diff(all, got); err != nil || diff != "" {
			t.Errorf("SealingKeys (-want +got): %v\n%s", err, diff)
		}
	}
	of := func(webhook domain.Webhook, previous bool) domain.SealedWebhook {
		return domain.SealedWebhook{ID: webhook.ID, Workspace: webhook.Workspace, Previous: previous}
	}
	uses(map[string][]domain.SealedWebhook{"s1": {of(one, false)}, "s2": {of(two, false)}})
	var seen []domain.WebhookID
	reseal := func(id domain.WebhookID, secrets []domain.SealedSecret) ([]domain.SealedSecret, error) {
		seen = append(seen, id)
		if id == two.ID {
			return nil, errors.New("the key is lost")
		}
		for i := range secrets {
			secrets[i].KeyID, secrets[i].Box = "s3", []byte("new")
		}
		return secrets, nil
	}
	last, err := w.Reseal(t.Context(), "s3", "", 1, reseal)
	for err == nil && last != "" {
		last, err = w.Reseal(t.Context(), "s3", last, 1, reseal)
	}
	want := []domain.WebhookID{one.ID, two.ID}
	slices.Sort(want)
	if err != nil || !slices.Equal(seen, want) {
		t.Errorf("Reseal has seen %v, %v; want %v", seen, err, want)
	}
	uses(map[string][]domain.SealedWebhook{"s3": {of(one, false)}, "s2": {of(two, false)}})
	if found, err := w.Webhook(t.Context(), "ws_a", one.ID); err != nil || string(found.Secrets[0].Box) != "new" {
		t.Errorf("webhook = %+v, %v", found, err)
	}

	// A previous secret counts as long as it signs, and a deleted webhook never.
	err = w.UpdateWebhook(t.Context(), "ws_a", one.ID, func(found *domain.Webhook) (domain.Event, error) {
		return found.Rotate(domain.SealedSecret{KeyID: "s4", Box: []byte("box")}, eventID(t), owner, w.now()), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	uses(map[string][]domain.SealedWebhook{"s4": {of(one, false)}, "s3": {of(one, true)}, "s2": {of(two, false)}})
	w.pass(domain.WebhookSecretOverlap)
	err = w.UpdateWebhook(t.Context(), "ws_b", two.ID, func(found *domain.Webhook) (domain.Event, error) {
		return found.Delete(eventID(t), owner, w.now()), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	uses(map[string][]domain.SealedWebhook{"s4": {of(one, false)}})
}
