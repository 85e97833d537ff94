package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// GetWebhook returns a webhook of the workspace, or [domain.ErrWebhookNotFound].
func (w *Workspace) GetWebhook(ctx context.Context, id domain.WebhookID) (*domain.Webhook, error) {
	store, err := w.webhooks()
	if err != nil {
		return nil, err
	}
	return store.Webhook(ctx, w.id, id)
}
