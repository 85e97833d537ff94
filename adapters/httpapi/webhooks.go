package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// createWebhook serves POST on the webhooks of a workspace.
func (a *API) createWebhook(x *exchange, ws *application.Workspace) error {
	body, options, err := readChange(x)
	if err != nil {
		return err
	}
	spec, read := toWebhookSpec(body)
	if read.Faults != nil {
		_, faults := spec.Draft(ws.ID(), a.options.WebhookRules)
		return read.With(faults).Err()
	}
	created, err := carryOut(x, func(ctx context.Context) (application.CreatedWebhook, error) {
		return ws.CreateWebhook(ctx, spec, options...)
	})
	if replayed, ok := x.webhookReplayed(err); ok {
		created, err = application.CreatedWebhook{Webhook: replayed}, nil
	}
	if err != nil {
		return read.Sorted(err)
	}
	location := url.URL{Path: "/web/v1/workspaces/" + string(ws.ID()) + "/webhooks/" + string(created.Webhook.ID)}
	x.Response().Header().Set("Location", mountedAt(x.Request())+location.EscapedPath())
	return x.succeed(http.StatusCreated, toCreatedWebhook(created))
}

// listWebhooks serves GET on the webhooks of a workspace.
func (a *API) listWebhooks(x *exchange, ws *application.Workspace) error {
	page, faults := toPageQuery(x.Request().URL.RawQuery)
	if faults != nil {
		return faults.Err()
	}
	list, err := carryOut(x, func(ctx context.Context) (ports.WebhookPage, error) { return ws.ListWebhooks(ctx, page) })
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toPage(list.Webhooks, toWebhookBody, page, list.Total))
}

// getWebhook serves GET on one webhook.
func (a *API) getWebhook(x *exchange, ws *application.Workspace) error {
	id, err := x.webhookInPath()
	if err != nil {
		return err
	}
	webhook, err := carryOut(x, func(ctx context.Context) (*domain.Webhook, error) { return ws.GetWebhook(ctx, id) })
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toWebhookBody(webhook))
}

// updateWebhook serves PATCH on one webhook, a JSON merge patch (RFC 7396).
func (a *API) updateWebhook(x *exchange, ws *application.Workspace) error {
	body, err := form.ReadJSON(x.Response().Writer, x.Request(), maxBody)
	if err != nil {
		return err
	}
	patch, read := toWebhookPatch(body)
	if _, faults := patch.Revision(a.options.WebhookRules); read.Faults != nil || faults != nil {
		return read.With(faults).Err()
	}
	id, err := x.webhookInPath()
	if err != nil {
		return err
	}
	webhook, err := carryOut(x, func(ctx context.Context) (*domain.Webhook, error) { return ws.UpdateWebhook(ctx, id, patch) })
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toWebhookBody(webhook))
}

// rotateWebhook serves POST on rotate.
func (a *API) rotateWebhook(x *exchange, ws *application.Workspace) error {
	id, options, err := readWebhookChange(x)
	if err != nil {
		return err
	}
	rotated, err := carryOut(x, func(ctx context.Context) (application.CreatedWebhook, error) {
		return ws.RotateWebhook(ctx, id, options...)
	})
	if replayed, ok := x.webhookReplayed(err); ok {
		rotated, err = application.CreatedWebhook{Webhook: replayed}, nil
	}
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toCreatedWebhook(rotated))
}

// testWebhook serves POST on test.
func (a *API) testWebhook(x *exchange, ws *application.Workspace) error {
	id, options, err := readWebhookChange(x)
	if err != nil {
		return err
	}
	err = x.change(func(ctx context.Context) error { return ws.TestWebhook(ctx, id, options...) })
	if _, ok := x.webhookReplayed(err); err != nil && !ok {
		return err
	}
	return x.succeed(http.StatusAccepted, nil)
}

// deleteWebhook serves POST on delete.
func (a *API) deleteWebhook(x *exchange, ws *application.Workspace) error {
	body, options, err := readChange(x)
	if err != nil {
		return err
	}
	var named string
	read := form.DecodeBody(body, []form.Member{
		{Name: "webhookId", Missing: form.RuleTypeString, Decode: form.Into(&named, form.DecodeString)},
	})
	if read.Faults != nil {
		return read.Faults.Err()
	}
	id, ok := domain.ParseWebhookID(named)
	if !ok {
		return domain.ErrWebhookNotFound
	}
	err = x.change(func(ctx context.Context) error { return ws.DeleteWebhook(ctx, id, options...) })
	if _, ok := x.webhookReplayed(err); err != nil && !ok {
		return err
	}
	x.code = codeSuccess
	x.Response().WriteHeader(http.StatusNoContent)
	return nil
}

// listDeliveries serves GET on the deliveries of a webhook.
func (a *API) listDeliveries(x *exchange, ws *application.Workspace) error {
	number, size := int64(0), int64(domain.DefaultPageSize)
	var status domain.DeliveryStatus
	faults := form.DecodeQuery(x.Request().URL.RawQuery, append(pageParameters(&number, &size),
		form.Parameter{Name: "status", Decode: form.Term(&status, domain.ParseDeliveryStatus)})...)
	if faults != nil {
		return faults.Err()
	}
	page, faults := domain.NewPage(number, size)
	if faults != nil {
		return faults.Err()
	}
	id, err := x.webhookInPath()
	if err != nil {
		return err
	}
	list, err := carryOut(x, func(ctx context.Context) (ports.DeliveryPage, error) {
		return ws.ListDeliveries(ctx, id, status, page)
	})
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toPage(list.Deliveries, toDeliveryBody, page, list.Total))
}

// retryDelivery serves POST on retry.
func (a *API) retryDelivery(x *exchange, ws *application.Workspace) error {
	id, options, err := readWebhookChange(x)
	if err != nil {
		return err
	}
	delivery, ok := domain.ParseDeliveryID(pathParam(x, "deliveryId"))
	if !ok {
		return domain.ErrWebhookNotFound
	}
	err = x.change(func(ctx context.Context) error { return ws.RetryDelivery(ctx, id, delivery, options...) })
	if _, ok := x.webhookReplayed(err); err != nil && !ok {
		return err
	}
	return x.succeed(http.StatusAccepted, nil)
}

// readWebhookChange reads a change of the webhook in the path that takes no body.
func readWebhookChange(x *exchange) (domain.WebhookID, []application.ChangeOption, error) {
	_, options, err := readBody(x, false)
	if err != nil {
		return "", nil, err
	}
	id, err := x.webhookInPath()
	return id, options, err
}

// webhookInPath returns the identifier in the path. A malformed one belongs to no webhook.
func (x *exchange) webhookInPath() (domain.WebhookID, error) {
	id, ok := domain.ParseWebhookID(pathParam(x, "webhookId"))
	if !ok {
		return "", domain.ErrWebhookNotFound
	}
	return id, nil
}

// webhookReplayed returns the webhook if err says that the request was carried out before,
// and sets the header that says so.
func (x *exchange) webhookReplayed(err error) (*domain.Webhook, bool) {
	replayed, ok := errors.AsType[*ports.WebhookReplayed](err)
	if !ok {
		return nil, false
	}
	x.Response().Header().Set("Idempotent-Replayed", "true")
	return replayed.Outcome, true
}

// webhookBody is a webhook without its secret, in the contract's order.
type webhookBody struct {
	WebhookID domain.WebhookID `json:"webhookId"`
	webhookAttributes
}

// createdWebhook is a webhook and its new secret.
type createdWebhook struct {
	WebhookID domain.WebhookID `json:"webhookId"`
	Secret    string           `json:"secret,omitempty"` // only in the first response
	webhookAttributes
}

// webhookAttributes are the members after a webhook's identifier and a new secret.
type webhookAttributes struct {
	URL            string                    `json:"url"`
	Events         []domain.WebhookEventType `json:"events"` // never nil
	Description    string                    `json:"description"`
	Enabled        bool                      `json:"enabled"`
	DisabledReason *domain.DisabledReason    `json:"disabledReason"`
	CreatedAt      string                    `json:"createdAt"`
	CreatedBy      string                    `json:"createdBy"`
}

func toWebhookBody(w *domain.Webhook) webhookBody {
	body := webhookBody{WebhookID: w.ID, webhookAttributes: webhookAttributes{
		URL:         w.URL,
		Events:      append([]domain.WebhookEventType{}, w.Events...),
		Description: w.Description,
		Enabled:     w.Enabled,
		CreatedAt:   rfc3339(w.CreatedAt),
		CreatedBy:   w.CreatedBy,
	}}
	if w.DisabledReason != "" {
		body.DisabledReason = &w.DisabledReason
	}
	return body
}

func toCreatedWebhook(created application.CreatedWebhook) createdWebhook {
	body := createdWebhook{WebhookID: created.Webhook.ID, webhookAttributes: toWebhookBody(created.Webhook).webhookAttributes}
	if !created.Secret.IsZero() {
		body.Secret = created.Secret.Reveal()
	}
	return body
}

// deliveryBody is a delivery, in the contract's order.
type deliveryBody struct {
	DeliveryID    domain.DeliveryID       `json:"deliveryId"`
	EventType     domain.WebhookEventType `json:"eventType"`
	APIKeyID      *domain.KeyID           `json:"apiKeyId"` // null for a test
	Status        domain.DeliveryStatus   `json:"status"`
	Attempts      int                     `json:"attempts"`
	LastAttemptAt *string                 `json:"lastAttemptAt"`
	LastStatus    *int                    `json:"lastStatus"` // null if there was no response
	NextAttemptAt *string                 `json:"nextAttemptAt"`
}

func toDeliveryBody(d domain.Delivery) deliveryBody {
	body := deliveryBody{
		DeliveryID: d.ID, EventType: d.EventType, Status: d.Status, Attempts: d.Attempts,
		LastAttemptAt: orNull(d.LastAttemptAt), NextAttemptAt: orNull(d.NextAttemptAt),
	}
	if d.KeyID != "" {
		body.APIKeyID = &d.KeyID
	}
	if d.LastStatus != 0 {
		body.LastStatus = &d.LastStatus
	}
	return body
}

// toWebhookSpec reads the body of a create.
func toWebhookSpec(body jsontext.Value) (spec domain.WebhookSpec, read form.Body) {
	read = form.DecodeBody(body, []form.Member{
		{Name: "url", Missing: domain.RuleWebhookURLLength, Decode: form.Into(&spec.URL, form.DecodeString)},
		{Name: "events", Nullable: true, Decode: form.Into(&spec.Events, form.DecodeStrings)},
		{Name: "description", Nullable: true, Decode: form.Into(&spec.Description, form.DecodeString)},
	})
	return spec, read
}

// toWebhookPatch reads a JSON merge patch: an absent member changes nothing, null clears,
// which a URL and enabled do not allow.
func toWebhookPatch(body jsontext.Value) (patch domain.WebhookPatch, read form.Body) {
	read = form.DecodeBody(body, []form.Member{
		{Name: "url", Decode: changeable(&patch.URL, form.DecodeString)},
		{Name: "events", Decode: clearable(&patch.Events, form.DecodeStrings)},
		{Name: "description", Decode: clearable(&patch.Description, form.DecodeString)},
		{Name: "enabled", Decode: changeable(&patch.Enabled, form.DecodeBoolean)},
	})
	return patch, read
}
