package fuzzapi

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// webhookStore is a store of webhooks that fails on demand, and whose claims return no
// deliveries, so that nothing is sent.
type webhookStore struct {
	*memory.WebhookStore
	*faults
}

// CreateWebhook implements ports.WebhookRepository.
func (s *webhookStore) CreateWebhook(ctx context.Context, webhook domain.Webhook, event domain.Event, idempotency *ports.Idempotency) error {
	if err := s.failing(); err != nil {
		return err
	}
	s.wait()
	return s.WebhookStore.CreateWebhook(ctx, webhook, event, idempotency)
}

// UpdateWebhook implements ports.WebhookRepository.
func (s *webhookStore) UpdateWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), idempotency *ports.Idempotency) error {
	if err := s.failing(); err != nil {
		return err
	}
	s.wait()
	return s.WebhookStore.UpdateWebhook(ctx, workspace, id, change, idempotency)
}

// Webhook implements ports.WebhookRepository.
func (s *webhookStore) Webhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	return s.WebhookStore.Webhook(ctx, workspace, id)
}

// Webhooks implements ports.WebhookRepository.
func (s *webhookStore) Webhooks(ctx context.Context, workspace domain.WorkspaceID, page domain.Page) (ports.WebhookPage, error) {
	if err := s.failing(); err != nil {
		return ports.WebhookPage{}, err
	}
	return s.WebhookStore.Webhooks(ctx, workspace, page)
}

// Deliveries implements ports.WebhookRepository.
func (s *webhookStore) Deliveries(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, status domain.DeliveryStatus, page domain.Page) (ports.DeliveryPage, error) {
	if err := s.failing(); err != nil {
		return ports.DeliveryPage{}, err
	}
	return s.WebhookStore.Deliveries(ctx, workspace, id, status, page)
}

// TestWebhook implements ports.WebhookRepository.
func (s *webhookStore) TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *ports.Idempotency) error {
	if err := s.failing(); err != nil {
		return err
	}
	s.wait()
	return s.WebhookStore.TestWebhook(ctx, workspace, id, event, idempotency)
}

// RetryDelivery implements ports.WebhookRepository.
func (s *webhookStore) RetryDelivery(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, delivery domain.DeliveryID, idempotency *ports.Idempotency) error {
	if err := s.failing(); err != nil {
		return err
	}
	s.wait()
	return s.WebhookStore.RetryDelivery(ctx, workspace, id, delivery, idempotency)
}

// Claim implements ports.Outbox.
func (*webhookStore) Claim(context.Context, ports.ClaimRequest) ([]ports.DueDelivery, error) {
	return nil, nil
}

// newHook creates a webhook with a pending delivery.
func (s *webhookStore) newHook(ctx context.Context, at time.Time) (hook, error) {
	id, err := domain.NewWebhookID(rand.Reader)
	if err != nil {
		return hook{}, err
	}
	eventID, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		return hook{}, err
	}
	draft := domain.WebhookDraft{Workspace: workspace, URL: "https://hooks.example.com/"}
	author := domain.Author{AccountID: "acc-7"}
	webhook, event := domain.NewWebhook(draft, id, domain.SealedSecret{KeyID: "p1"}, eventID, author, at)
	if err := s.WebhookStore.CreateWebhook(ctx, webhook, event, nil); err != nil {
		return hook{}, err
	}
	test := domain.TestEvent(workspace, id, eventID, author, at)
	return hook{string(id), string(domain.NewDeliveryID(eventID, id))}, s.WebhookStore.TestWebhook(ctx, workspace, id, test, nil)
}

// empty deletes all webhooks of the workspace, which may have only a few.
func (s *webhookStore) empty(ctx context.Context, at time.Time) error {
	page, _ := domain.NewPage(0, domain.MaxWebhooks)
	all, err := s.WebhookStore.Webhooks(ctx, workspace, page)
	if err != nil {
		return err
	}
	for _, w := range all.Webhooks {
		remove := func(w *domain.Webhook) (domain.Event, error) {
			eventID, err := domain.NewEventID(time.Now(), rand.Reader)
			return w.Delete(eventID, domain.Author{}, at), err
		}
		if err := s.WebhookStore.UpdateWebhook(ctx, workspace, w.ID, remove, nil); err != nil {
			return err
		}
	}
	return nil
}
