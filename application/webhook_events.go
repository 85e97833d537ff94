package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// WebhookEvents returns one page of the audit trail of a webhook, newest first, even if
// the webhook is deleted. The page is empty for a webhook that never existed.
func (w *Workspace) WebhookEvents(ctx context.Context, id domain.WebhookID, page domain.Page) (ports.EventPage, error) {
	store, err := w.webhooks()
	if err != nil {
		return ports.EventPage{}, err
	}
	return store.WebhookEvents(ctx, w.id, id, page)
}
