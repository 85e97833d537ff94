package application

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// AbandoningWebhooks is [Abandoning] for webhooks. It returns nil for nil. Background
// calls, which send deliveries and make warnings, have their own places. The leases of
// an abandoned Claim expire.
func AbandoningWebhooks(webhooks ports.WebhookStore) ports.WebhookStore {
	if webhooks == nil {
		return nil
	}
	return &abandoningWebhooks{
		webhooks:   webhooks,
		reads:      make(places, maximumCalls),
		writes:     make(places, maximumCalls),
		background: make(places, maximumCalls),
	}
}

type abandoningWebhooks struct {
	webhooks                  ports.WebhookStore
	reads, writes, background places
}

// CreateWebhook implements ports.WebhookRepository.
func (a *abandoningWebhooks) CreateWebhook(ctx context.Context, webhook domain.Webhook, event domain.Event, idempotency *ports.Idempotency) error {
	return awaitedError(ctx, a.writes, func(ctx context.Context) error {
		return a.webhooks.CreateWebhook(ctx, webhook, event, idempotency)
	})
}

// UpdateWebhook implements ports.WebhookRepository. Once it has returned, change is not
// called.
func (a *abandoningWebhooks) UpdateWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), idempotency *ports.Idempotency) error {
	var calls callbacks
	defer calls.end()
	return awaitedError(ctx, a.writes, func(ctx context.Context) error {
		return a.webhooks.UpdateWebhook(ctx, workspace, id, func(webhook *domain.Webhook) (domain.Event, error) {
			return calledBack(&calls, func() (domain.Event, error) { return change(webhook) })
		}, idempotency)
	})
}

// Webhook implements ports.WebhookRepository.
func (a *abandoningWebhooks) Webhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (*domain.Webhook, error) { return a.webhooks.Webhook(ctx, workspace, id) })
}

// Webhooks implements ports.WebhookRepository.
func (a *abandoningWebhooks) Webhooks(ctx context.Context, workspace domain.WorkspaceID, page domain.Page) (ports.WebhookPage, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (ports.WebhookPage, error) {
		return a.webhooks.Webhooks(ctx, workspace, page)
	})
}

// WebhookEvents implements ports.WebhookRepository.
func (a *abandoningWebhooks) WebhookEvents(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, page domain.Page) (ports.EventPage, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (ports.EventPage, error) {
		return a.webhooks.WebhookEvents(ctx, workspace, id, page)
	})
}

// Deliveries implements ports.WebhookRepository.
func (a *abandoningWebhooks) Deliveries(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, status domain.DeliveryStatus, page domain.Page) (ports.DeliveryPage, error) {
	return awaited(ctx, a.reads, func(ctx context.Context) (ports.DeliveryPage, error) {
		return a.webhooks.Deliveries(ctx, workspace, id, status, page)
	})
}

// TestWebhook implements ports.WebhookRepository.
func (a *abandoningWebhooks) TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *ports.Idempotency) error {
	return awaitedError(ctx, a.writes, func(ctx context.Context) error {
		return a.webhooks.TestWebhook(ctx, workspace, id, event, idempotency)
	})
}

// RetryDelivery implements ports.WebhookRepository.
func (a *abandoningWebhooks) RetryDelivery(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, delivery domain.DeliveryID, idempotency *ports.Idempotency) error {
	return awaitedError(ctx, a.writes, func(ctx context.Context) error {
		return a.webhooks.RetryDelivery(ctx, workspace, id, delivery, idempotency)
	})
}

// Claim implements ports.Outbox.
func (a *abandoningWebhooks) Claim(ctx context.Context, request ports.ClaimRequest) ([]ports.DueDelivery, error) {
	return awaited(ctx, a.background, func(ctx context.Context) ([]ports.DueDelivery, error) { return a.webhooks.Claim(ctx, request) })
}

// Report implements ports.Outbox.
func (a *abandoningWebhooks) Report(ctx context.Context, outcomes []ports.Outcome) ([]ports.StoppedWebhook, error) {
	return awaited(ctx, a.background, func(ctx context.Context) ([]ports.StoppedWebhook, error) {
		return a.webhooks.Report(ctx, outcomes)
	})
}

// Queue implements ports.Outbox.
func (a *abandoningWebhooks) Queue(ctx context.Context) (ports.QueueState, error) {
	return awaited(ctx, a.background, func(ctx context.Context) (ports.QueueState, error) { return a.webhooks.Queue(ctx) })
}

// SealingKeys implements ports.Outbox.
func (a *abandoningWebhooks) SealingKeys(ctx context.Context) (map[string]domain.SealingUse, error) {
	return awaited(ctx, a.background, func(ctx context.Context) (map[string]domain.SealingUse, error) { return a.webhooks.SealingKeys(ctx) })
}

// Reseal implements ports.Outbox. Once it has returned, reseal is not called.
func (a *abandoningWebhooks) Reseal(ctx context.Context, current string, after domain.WebhookID, limit int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error)) (domain.WebhookID, error) {
	var calls callbacks
	defer calls.end()
	return awaited(ctx, a.background, func(ctx context.Context) (domain.WebhookID, error) {
		return a.webhooks.Reseal(ctx, current, after, limit, func(id domain.WebhookID, secrets []domain.SealedSecret) ([]domain.SealedSecret, error) {
			return calledBack(&calls, func() ([]domain.SealedSecret, error) { return reseal(id, secrets) })
		})
	})
}

// ForgetDeliveries implements ports.Outbox.
func (a *abandoningWebhooks) ForgetDeliveries(ctx context.Context, limit int) (int, error) {
	return awaited(ctx, a.background, func(ctx context.Context) (int, error) { return a.webhooks.ForgetDeliveries(ctx, limit) })
}

// ExpiringKeys implements ports.Warnings.
func (a *abandoningWebhooks) ExpiringKeys(ctx context.Context, now time.Time, after domain.KeyID, limit int) ([]*domain.APIKey, error) {
	return awaited(ctx, a.background, func(ctx context.Context) ([]*domain.APIKey, error) {
		return a.webhooks.ExpiringKeys(ctx, now, after, limit)
	})
}

// Warn implements ports.Warnings.
func (a *abandoningWebhooks) Warn(ctx context.Context, warning domain.Warning, event domain.WebhookEvent) (bool, error) {
	return awaited(ctx, a.background, func(ctx context.Context) (bool, error) { return a.webhooks.Warn(ctx, warning, event) })
}
