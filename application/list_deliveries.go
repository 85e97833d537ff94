package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// ListDeliveries returns one page of the deliveries of a webhook within the last
// [domain.DeliveryRetention], newest first. An empty status matches all of them.
func (w *Workspace) ListDeliveries(ctx context.Context, id domain.WebhookID, status domain.DeliveryStatus, page domain.Page) (ports.DeliveryPage, error) {
	store, err := w.webhooks()
	if err != nil {
		return ports.DeliveryPage{}, err
	}
	return store.Deliveries(ctx, w.id, id, status, page)
}
