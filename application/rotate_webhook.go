package application

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// RotateWebhook gives a webhook a new secret. The previous one also signs for
// [domain.WebhookSecretOverlap]; any older one stops at once. It returns
// [domain.ErrNoWebhooks] if the service has no sealing key. A repeated request returns a
// [*ports.WebhookReplayed].
func (w *Workspace) RotateWebhook(ctx context.Context, id domain.WebhookID, options ...ChangeOption) (CreatedWebhook, error) {
	idempotency, err := w.idempotency(options, "rotate webhook", id)
	if err != nil {
		return CreatedWebhook{}, err
	}
	if _, err := w.webhooks(); err != nil {
		return CreatedWebhook{}, err
	}
	secret, sealed, err := w.newWebhookSecret(id)
	if err != nil {
		return CreatedWebhook{}, err
	}
	webhook, err := w.changeWebhook(ctx, id, idempotency, func(webhook *domain.Webhook, eventID string, now time.Time) (domain.Event, error) {
		return webhook.Rotate(sealed, eventID, w.author, now), nil
	})
	if err != nil {
		return CreatedWebhook{}, err
	}
	return CreatedWebhook{Webhook: webhook, Secret: secret}, nil
}
