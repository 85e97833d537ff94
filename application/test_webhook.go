package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// TestWebhook queues an event of type [domain.WebhookTest] for delivery to a webhook,
// whatever events it subscribes to. It returns [domain.ErrConflict] while the webhook is
// disabled.
func (w *Workspace) TestWebhook(ctx context.Context, id domain.WebhookID, options ...ChangeOption) error {
	idempotency, err := w.idempotency(options, "test webhook", id)
	if err != nil {
		return err
	}
	store, err := w.webhooks()
	if err != nil {
		return err
	}
	eventID, err := domain.NewEventID(w.deps.Now(), w.deps.Random)
	if err != nil {
		return err
	}
	event := domain.TestEvent(w.id, id, eventID, w.author, w.deps.Now())
	return store.TestWebhook(ctx, w.id, id, event, idempotency)
}
