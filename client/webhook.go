package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/slaunchx/apikeys/client/internal/api"
	"github.com/slaunchx/apikeys/domain"
)

type (
	// WebhookSpec describes a new webhook.
	WebhookSpec = domain.WebhookSpec
	// WebhookPatch describes a change of a webhook. Nil fields are left unchanged.
	WebhookPatch = domain.WebhookPatch
)

// Webhook is a webhook as its owner sees it.
type Webhook struct {
	ID             domain.WebhookID
	URL            string
	Events         []domain.WebhookEventType // empty means all
	Description    string
	Enabled        bool
	DisabledReason domain.DisabledReason // empty if enabled
	CreatedAt      time.Time
	CreatedBy      string // the account's ID
}

// CreatedWebhook is a webhook with the only copy of its new secret. The secret is empty
// if an earlier attempt made the change and its response was lost; in that case, rotate
// the webhook.
type CreatedWebhook struct {
	Webhook Webhook
	Secret  WebhookSecret
}

// WebhookSecret is the secret of a webhook. Formatting, logging or marshalling it yields
// a placeholder; Reveal returns its text.
type WebhookSecret struct {
	domain.Redacted
	text *string // a pointer, because fmt prints only its address even in an unexported field
}

// Reveal returns the secret in the form whsec_…, or "" if there is none.
func (s WebhookSecret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// WebhookPage is one page of webhooks.
type WebhookPage struct {
	Webhooks []Webhook
	Total    int // of all pages
}

// Delivery is one event on its way to a webhook.
type Delivery = domain.Delivery

// DeliveryPage is one page of deliveries.
type DeliveryPage struct {
	Deliveries []Delivery
	Total      int // of all pages
}

// CreateWebhook creates a webhook. No later response contains its secret, so store it
// at once.
func (w *Workspace) CreateWebhook(ctx context.Context, spec WebhookSpec, options ...ChangeOption) (CreatedWebhook, error) {
	body := api.NewWebhook{URL: spec.URL, Description: &spec.Description}
	events := eventTypes(spec.Events)
	body.Events = &events
	return w.newSecret(ctx, w.change(http.MethodPost, "", body, options))
}

// ListWebhooks returns one page of the webhooks, newest first. number is the number of
// the page, starting at 0, and size is its size, 1 to 100, or 0 for the default.
func (w *Workspace) ListWebhooks(ctx context.Context, number, size int) (WebhookPage, error) {
	var page api.WebhookPage
	if _, err := w.aboutWebhooks(ctx, request{method: http.MethodGet, query: pageValues(number, size)}, &page); err != nil {
		return WebhookPage{}, err
	}
	list := WebhookPage{Total: page.Total}
	for _, item := range page.Items {
		list.Webhooks = append(list.Webhooks, webhookOf(item))
	}
	return list, nil
}

// GetWebhook returns a webhook.
func (w *Workspace) GetWebhook(ctx context.Context, id domain.WebhookID) (Webhook, error) {
	return w.oneWebhook(ctx, id, request{method: http.MethodGet})
}

// UpdateWebhook changes the members of patch that are not nil and returns the changed
// webhook.
func (w *Workspace) UpdateWebhook(ctx context.Context, id domain.WebhookID, patch WebhookPatch) (Webhook, error) {
	body := api.WebhookPatch{URL: patch.URL, Description: patch.Description, Enabled: patch.Enabled}
	if patch.Events != nil {
		events := eventTypes(*patch.Events)
		body.Events = &events
	}
	return w.oneWebhook(ctx, id, w.change(http.MethodPatch, "", body, nil))
}

// RotateWebhook gives a webhook a new secret. The old one also signs for 24 hours.
func (w *Workspace) RotateWebhook(ctx context.Context, id domain.WebhookID, options ...ChangeOption) (CreatedWebhook, error) {
	if _, ok := domain.ParseWebhookID(string(id)); !ok {
		return CreatedWebhook{}, domain.ErrWebhookNotFound
	}
	return w.newSecret(ctx, w.change(http.MethodPost, "/"+string(id)+"/rotate", nil, options))
}

// TestWebhook queues a test event for delivery. It returns [domain.ErrConflict] while the
// webhook is disabled.
func (w *Workspace) TestWebhook(ctx context.Context, id domain.WebhookID, options ...ChangeOption) error {
	return w.aboutWebhook(ctx, id, w.change(http.MethodPost, "/test", nil, options), nil)
}

// DeleteWebhook permanently deletes a webhook.
func (w *Workspace) DeleteWebhook(ctx context.Context, id domain.WebhookID, options ...ChangeOption) error {
	if _, ok := domain.ParseWebhookID(string(id)); !ok {
		return domain.ErrWebhookNotFound
	}
	_, err := w.aboutWebhooks(ctx, w.change(http.MethodPost, "/delete", api.WebhookDeletion{WebhookID: string(id)}, options), nil)
	return err
}

// ListDeliveries returns one page of the deliveries of a webhook within the last 30 days,
// newest first. An empty status matches all of them. number is the number of the page,
// starting at 0, and size is its size, 1 to 100, or 0 for the default.
func (w *Workspace) ListDeliveries(ctx context.Context, id domain.WebhookID, status domain.DeliveryStatus, number, size int) (DeliveryPage, error) {
	values := pageValues(number, size)
	set(values, "status", string(status))
	var page api.DeliveryPage
	if err := w.aboutWebhook(ctx, id, request{method: http.MethodGet, tail: "/deliveries", query: values}, &page); err != nil {
		return DeliveryPage{}, err
	}
	list := DeliveryPage{Total: page.Total}
	for _, item := range page.Items {
		list.Deliveries = append(list.Deliveries, deliveryOf(item))
	}
	return list, nil
}

// RetryDelivery schedules a delivery for another attempt now. It returns
// [domain.ErrConflict] while the webhook is disabled.
func (w *Workspace) RetryDelivery(ctx context.Context, id domain.WebhookID, delivery domain.DeliveryID, options ...ChangeOption) error {
	tail := "/deliveries/" + url.PathEscape(string(delivery)) + "/retry"
	return w.aboutWebhook(ctx, id, w.change(http.MethodPost, tail, nil, options), nil)
}

// newSecret sends a request whose response contains a new secret.
func (w *Workspace) newSecret(ctx context.Context, r request) (CreatedWebhook, error) {
	var created api.CreatedWebhook
	if _, err := w.aboutWebhooks(ctx, r, &created); err != nil {
		return CreatedWebhook{}, err
	}
	result := CreatedWebhook{Webhook: webhookOf(api.Webhook{
		WebhookID: created.WebhookID, URL: created.URL, Events: created.Events, Description: created.Description,
		Enabled: created.Enabled, DisabledReason: created.DisabledReason, CreatedAt: created.CreatedAt, CreatedBy: created.CreatedBy,
	})}
	if created.Secret != nil {
		result.Secret.text = created.Secret
	}
	return result, nil
}

// oneWebhook sends a request about one webhook whose response is that webhook.
func (w *Workspace) oneWebhook(ctx context.Context, id domain.WebhookID, r request) (Webhook, error) {
	var webhook api.Webhook
	if err := w.aboutWebhook(ctx, id, r, &webhook); err != nil {
		return Webhook{}, err
	}
	return webhookOf(webhook), nil
}

// aboutWebhook sends a request about one webhook. No webhook has a malformed ID, so it
// sends nothing for one.
func (w *Workspace) aboutWebhook(ctx context.Context, id domain.WebhookID, r request, data any) error {
	if _, ok := domain.ParseWebhookID(string(id)); !ok {
		return domain.ErrWebhookNotFound
	}
	r.tail = "/" + string(id) + r.tail
	_, err := w.aboutWebhooks(ctx, r, data)
	return err
}

// aboutWebhooks sends a request below the path of the webhooks.
func (w *Workspace) aboutWebhooks(ctx context.Context, r request, data any) (head, error) {
	return w.sendTo(ctx, w.webhooks, r, data)
}

func eventTypes(names []string) []api.WebhookEventType {
	types := make([]api.WebhookEventType, len(names))
	for i, name := range names {
		types[i] = api.WebhookEventType(name)
	}
	return types
}

func webhookOf(w api.Webhook) Webhook {
	webhook := Webhook{
		ID: domain.WebhookID(w.WebhookID), URL: w.URL, Description: w.Description, Enabled: w.Enabled,
		CreatedAt: w.CreatedAt.UTC(), CreatedBy: w.CreatedBy,
	}
	for _, t := range w.Events {
		webhook.Events = append(webhook.Events, domain.WebhookEventType(t))
	}
	if w.DisabledReason != nil {
		webhook.DisabledReason = domain.DisabledReason(*w.DisabledReason)
	}
	return webhook
}

func deliveryOf(d api.Delivery) Delivery {
	delivery := Delivery{
		ID: domain.DeliveryID(d.DeliveryID), EventType: domain.WebhookEventType(d.EventType), Status: domain.DeliveryStatus(d.Status),
		Attempts: d.Attempts, LastAttemptAt: instant(d.LastAttemptAt), NextAttemptAt: instant(d.NextAttemptAt),
	}
	if d.APIKeyID != nil {
		delivery.KeyID = domain.KeyID(*d.APIKeyID)
	}
	if d.LastStatus != nil {
		delivery.LastStatus = *d.LastStatus
	}
	return delivery
}
