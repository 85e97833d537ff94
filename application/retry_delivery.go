package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// RetryDelivery schedules a delivery for another attempt now, whatever its status. It
// returns [domain.ErrConflict] while the webhook is disabled, and
// [domain.ErrWebhookNotFound] if there is no such delivery.
func (w *Workspace) RetryDelivery(ctx context.Context, id domain.WebhookID, delivery domain.DeliveryID, options ...ChangeOption) error {
	idempotency, err := w.idempotency(options, "retry delivery", id, delivery)
	if err != nil {
		return err
	}
	store, err := w.webhooks()
	if err != nil {
		return err
	}
	return store.RetryDelivery(ctx, w.id, id, delivery, idempotency)
}
