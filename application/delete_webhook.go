package application

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// DeleteWebhook permanently deletes a webhook and drops its pending deliveries. Its audit
// trail is kept.
func (w *Workspace) DeleteWebhook(ctx context.Context, id domain.WebhookID, options ...ChangeOption) error {
	idempotency, err := w.idempotency(options, "delete webhook", id)
	if err != nil {
		return err
	}
	_, err = w.changeWebhook(ctx, id, idempotency, func(webhook *domain.Webhook, eventID string, now time.Time) (domain.Event, error) {
		return webhook.Delete(eventID, w.author, now), nil
	})
	return err
}
