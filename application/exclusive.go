package application

import (
	"context"
	"sync"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Exclusive rejects a change of a key or webhook with [domain.ErrIdempotencyKeyInUse]
// while another change with the same idempotency key is in flight in this process. It is
// safe for concurrent use, and its zero value is ready to use.
type Exclusive struct {
	mu      sync.Mutex
	running map[idempotencyKey]struct{} // at most one entry per request in flight
}

// Keys returns a writer that forwards to writer.
func (e *Exclusive) Keys(writer ports.KeyWriter) ports.KeyWriter {
	return exclusiveKeys{Exclusive: e, writer: writer}
}

// Webhooks returns a store that forwards to store, or nil for nil.
func (e *Exclusive) Webhooks(store ports.WebhookStore) ports.WebhookStore {
	if store == nil {
		return nil
	}
	return exclusiveWebhooks{WebhookStore: store, exclusive: e}
}

type exclusiveKeys struct {
	*Exclusive

	writer ports.KeyWriter
}

type exclusiveWebhooks struct {
	ports.WebhookStore

	exclusive *Exclusive
}

type idempotencyKey struct {
	workspace domain.WorkspaceID
	key       string
}

// Create implements ports.KeyWriter.
func (e exclusiveKeys) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	return e.alone(key.Snapshot().Workspace, options.Idempotency, func() error {
		return e.writer.Create(ctx, key, event, options)
	})
}

// Update implements ports.KeyWriter.
func (e exclusiveKeys) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	return e.alone(workspace, options.Idempotency, func() error {
		return e.writer.Update(ctx, workspace, id, change, options)
	})
}

// CreateWebhook implements ports.WebhookRepository.
func (e exclusiveWebhooks) CreateWebhook(ctx context.Context, webhook domain.Webhook, event domain.Event, idempotency *ports.Idempotency) error {
	return e.exclusive.alone(webhook.Workspace, idempotency, func() error {
		return e.WebhookStore.CreateWebhook(ctx, webhook, event, idempotency)
	})
}

// UpdateWebhook implements ports.WebhookRepository.
func (e exclusiveWebhooks) UpdateWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), idempotency *ports.Idempotency) error {
	return e.exclusive.alone(workspace, idempotency, func() error {
		return e.WebhookStore.UpdateWebhook(ctx, workspace, id, change, idempotency)
	})
}

// TestWebhook implements ports.WebhookRepository.
func (e exclusiveWebhooks) TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *ports.Idempotency) error {
	return e.exclusive.alone(workspace, idempotency, func() error {
		return e.WebhookStore.TestWebhook(ctx, workspace, id, event, idempotency)
	})
}

// RetryDelivery implements ports.WebhookRepository.
func (e exclusiveWebhooks) RetryDelivery(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, delivery domain.DeliveryID, idempotency *ports.Idempotency) error {
	return e.exclusive.alone(workspace, idempotency, func() error {
		return e.WebhookStore.RetryDelivery(ctx, workspace, id, delivery, idempotency)
	})
}

func (e *Exclusive) alone(workspace domain.WorkspaceID, idempotency *ports.Idempotency, write func() error) error {
	if idempotency == nil {
		return write()
	}
	name := idempotencyKey{workspace, idempotency.Key}
	if !e.enter(name) {
		return domain.ErrIdempotencyKeyInUse
	}
	defer e.leave(name)
	return write()
}

func (e *Exclusive) enter(name idempotencyKey) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, taken := e.running[name]; taken {
		return false
	}
	if e.running == nil {
		e.running = make(map[idempotencyKey]struct{})
	}
	e.running[name] = struct{}{}
	return true
}

func (e *Exclusive) leave(name idempotencyKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, name)
}
