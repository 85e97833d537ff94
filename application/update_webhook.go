package application

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// UpdateWebhook changes the given properties of a webhook and returns it. It returns
// [domain.Faults] for an invalid patch. Disabling a webhook drops its pending deliveries;
// one that the service has disabled can be enabled again.
func (w *Workspace) UpdateWebhook(ctx context.Context, id domain.WebhookID, patch domain.WebhookPatch) (*domain.Webhook, error) {
	revision, faults := patch.Revision(w.deps.Webhooks.Rules)
	if faults != nil {
		return nil, faults.Err()
	}
	return w.changeWebhook(ctx, id, nil, func(webhook *domain.Webhook, eventID string, now time.Time) (domain.Event, error) {
		return webhook.Revise(revision, eventID, w.author, now), nil
	})
}
