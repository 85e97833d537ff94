package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// CreateWebhook creates a webhook in the workspace and returns it with its secret, which
// is never returned again. It returns [domain.Faults] for an invalid spec,
// [domain.ErrTooManyWebhooks] if the workspace has [domain.MaxWebhooks], and
// [domain.ErrNoWebhooks] if the service has no sealing key or its store keeps no webhooks.
// A repeated request returns a [*ports.WebhookReplayed].
func (w *Workspace) CreateWebhook(ctx context.Context, spec domain.WebhookSpec, options ...ChangeOption) (CreatedWebhook, error) {
	idempotency, err := w.idempotency(options, "create webhook", spec)
	if err != nil {
		return CreatedWebhook{}, err
	}
	if err := w.deps.Lifetime.Err(); err != nil {
		return CreatedWebhook{}, err
	}
	draft, faults := spec.Draft(w.id, w.deps.Webhooks.Rules)
	if faults != nil {
		return CreatedWebhook{}, faults.Err()
	}
	id, err := domain.NewWebhookID(w.deps.Random)
	if err != nil {
		return CreatedWebhook{}, err
	}
	secret, sealed, err := w.newWebhookSecret(id)
	if err != nil {
		return CreatedWebhook{}, err
	}
	eventID, err := domain.NewEventID(w.deps.Now(), w.deps.Random)
	if err != nil {
		return CreatedWebhook{}, err
	}
	webhook, event := domain.NewWebhook(draft, id, sealed, eventID, w.author, w.deps.Now())
	if err := w.deps.Webhooks.Store.CreateWebhook(ctx, webhook, event, idempotency); err != nil {
		return CreatedWebhook{}, err
	}
	return CreatedWebhook{Webhook: &webhook, Secret: secret}, nil
}
