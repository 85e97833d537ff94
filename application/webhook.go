package application

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// WebhookParts are the dependencies of the use cases of webhooks. Without a store and a
// sealer, no webhook can be created.
type WebhookParts struct {
	Store  ports.WebhookStore // nil if the store keeps no webhooks
	Sealer ports.SecretSealer // nil if there is no sealing key
	Rules  domain.WebhookRules
	// Refused is called when a webhook cannot be created for lack of a store or a sealer,
	// so that the operator learns why. It may be nil.
	Refused func()
}

// CreatedWebhook is a webhook with its new secret. The secret is zero in the result of a
// repeated request, because it is not stored.
type CreatedWebhook struct {
	Webhook *domain.Webhook
	Secret  domain.WebhookSecret
}

// webhooks returns the store, or [domain.ErrWebhookNotFound] if there is none.
func (w *Workspace) webhooks() (ports.WebhookStore, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return nil, err
	}
	if w.deps.Webhooks.Store == nil {
		return nil, domain.ErrWebhookNotFound
	}
	return w.deps.Webhooks.Store, nil
}

// newWebhookSecret returns a new secret of a webhook, and its sealed form. It returns
// [domain.ErrNoWebhooks] if there is no sealer.
func (w *Workspace) newWebhookSecret(id domain.WebhookID) (domain.WebhookSecret, domain.SealedSecret, error) {
	parts := w.deps.Webhooks
	if parts.Store == nil || parts.Sealer == nil {
		if parts.Refused != nil {
			parts.Refused()
		}
		return domain.WebhookSecret{}, domain.SealedSecret{}, domain.ErrNoWebhooks
	}
	secret, err := domain.NewWebhookSecret(w.deps.Random)
	if err != nil {
		return domain.WebhookSecret{}, domain.SealedSecret{}, err
	}
	sealed, err := parts.Sealer.Seal(id, secret)
	return secret, sealed, err
}

// changeWebhook applies decide to a webhook and returns the changed webhook.
func (w *Workspace) changeWebhook(
	ctx context.Context, id domain.WebhookID, idempotency *ports.Idempotency,
	decide func(webhook *domain.Webhook, eventID string, now time.Time) (domain.Event, error),
) (*domain.Webhook, error) {
	store, err := w.webhooks()
	if err != nil {
		return nil, err
	}
	eventID, err := domain.NewEventID(w.deps.Now(), w.deps.Random)
	if err != nil {
		return nil, err
	}
	var changed *domain.Webhook
	err = store.UpdateWebhook(ctx, w.id, id, func(webhook *domain.Webhook) (domain.Event, error) {
		changed = webhook
		return decide(webhook, eventID, w.deps.Now())
	}, idempotency)
	if err != nil {
		return nil, err
	}
	return changed.Clone(), nil
}
