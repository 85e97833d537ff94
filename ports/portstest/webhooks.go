package portstest

import (
	"context"
	"crypto/rand"
	"errors"
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
		"shares nothing with a caller that has left":          sharesNoWebhook,
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

// A change may continue after its caller has left. The race detector notices what the two
// share.
func sharesNoWebhook(t *testing.T, w webhookWorld) {
	webhook := w.create(t, "ws_a")
	ctx, leave := context.WithCancel(t.Context())
	err := w.UpdateWebhook(ctx, "ws_a", webhook.ID, func(*domain.Webhook) (domain.Event, error) {
		leave()
		return domain.Event{}, domain.ErrConflict
	}, nil)
	if !errors.Is(err, domain.ErrUnavailable) && !errors.Is(err, domain.ErrConflict) {
		t.Errorf("UpdateWebhook gives %v, want ErrUnavailable, or ErrConflict if it has just ended", err)
	}
	// This waits for the change.
	event := domain.TestEvent("ws_a", webhook.ID, eventID(t), owner, w.now())
	if err := w.TestWebhook(t.Context(), "ws_a", webhook.ID, event, nil); err != nil {
		t.Error(err)
	}
}
