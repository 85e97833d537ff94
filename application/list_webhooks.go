package application

import (
	"context"
	"errors"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// ListWebhooks returns one page of the webhooks of the workspace, newest first. It is empty
// if the store keeps no webhooks.
func (w *Workspace) ListWebhooks(ctx context.Context, page domain.Page) (ports.WebhookPage, error) {
	store, err := w.webhooks()
	if errors.Is(err, domain.ErrWebhookNotFound) {
		return ports.WebhookPage{}, nil
	}
	if err != nil {
		return ports.WebhookPage{}, err
	}
	return store.Webhooks(ctx, w.id, page)
}
