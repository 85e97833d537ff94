package sqlite

import (
	"context"
	"sync/atomic"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

type webhookRow = sqlkit.WebhookRow[int64]

// deliver stores a delivery of an event for each webhook of a workspace that subscribes
// to it.
const deliver = `INSERT INTO api_key_deliveries (webhook_id, id, type, api_key_id, body, created_at, due_at)
SELECT w.id, ? || substr(w.id, 4), ?, ?, ?, ?, ?
FROM api_key_webhooks w WHERE w.workspace_id = ? AND w.deleted_at IS NULL AND w.enabled
AND (w.events = '[]' OR EXISTS (SELECT 1 FROM json_each(w.events) e WHERE e.value = ?))`

const findDelivery = `SELECT id FROM api_key_deliveries WHERE webhook_id = ? AND id = ?`

// deliver returns the number of deliveries.
func (tx transaction) deliver(workspace, key string, h sqlkit.HookColumns[int64]) (int64, error) {
	if h.Type == "" {
		return 0, nil
	}
	return tx.change(deliver, h.Digits, h.Type, key, h.Body, h.At, codec.Encode(tx.now()), workspace, h.Type)
}

// CreateWebhook implements ports.WebhookRepository.
func (r *KeyRepository) CreateWebhook(ctx context.Context, webhook domain.Webhook, event domain.Event, idempotency *ports.Idempotency) error {
	return r.writeWebhook(ctx, webhook.Workspace, idempotency, func(tx transaction) (*domain.Webhook, error) {
		insert, err := codec.InsertWebhookArgs(&webhook)
		if err != nil {
			return nil, err
		}
		var rows []webhookRow
		if err := tx.read(&rows, sqlkit.ListWebhooks, string(webhook.Workspace)); err != nil {
			return nil, err
		}
		if len(rows) >= domain.MaxWebhooks {
			return nil, domain.ErrTooManyWebhooks
		}
		if err := tx.exec(sqlkit.InsertWebhook, insert...); err != nil {
			return nil, err
		}
		return &webhook, tx.recordWebhook(event)
	})
}

// writeWebhook runs write in a transaction that also stores the idempotency key.
func (r *KeyRepository) writeWebhook(ctx context.Context, workspace domain.WorkspaceID, idempotency *ports.Idempotency, write func(tx transaction) (*domain.Webhook, error)) error {
	return translate(ctx, r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		if idempotency != nil {
			var found []idempotencyRow
			if err := tx.read(&found, sqlkit.FindIdempotencyKey, codec.FindIdempotencyKeyArgs(workspace, *idempotency)...); err != nil {
				return err
			}
			if err := codec.JudgeWebhook(workspace, found, *idempotency); err != nil {
				return err
			}
		}
		w, err := write(tx)
		if err != nil || idempotency == nil {
			return err
		}
		args, err := codec.InsertWebhookIdempotencyArgs(*idempotency, w)
		if err != nil {
			return err
		}
		return tx.exec(sqlkit.InsertIdempotencyKey, args...)
	}))
}

func (tx transaction) recordWebhook(event domain.Event) error {
	args, err := codec.WebhookEventArgs(event)
	if err != nil {
		return err
	}
	return tx.exec(sqlkit.InsertWebhookEvent, args...)
}

func (tx transaction) webhook(workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error) {
	var rows []webhookRow
	if err := tx.read(&rows, sqlkit.FindWebhook, string(id), string(workspace)); err != nil {
		return nil, err
	}
	return codec.FoundWebhook(rows)
}

// storeWebhook stores a changed webhook with its event, and drops what is pending if it
// stops or starts. It reports whether more is to be dropped.
func (tx transaction) storeWebhook(w *domain.Webhook, event domain.Event, enabled bool) (more bool, err error) {
	args, err := codec.UpdateWebhookArgs(w)
	if err != nil {
		return false, err
	}
	if err := tx.exec(sqlkit.UpdateWebhook, args...); err != nil {
		return false, err
	}
	if sqlkit.Drops(w, enabled) {
		dropped, err := tx.change(dropDeliveries, string(w.ID), sqlkit.DropBatch)
		if err != nil {
			return false, err
		}
		if more, err = sqlkit.Dropped(w, dropped); err != nil {
			return false, err
		}
	}
	return more, tx.recordWebhook(event)
}

// UpdateWebhook implements ports.WebhookRepository.
func (r *KeyRepository) UpdateWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), idempotency *ports.Idempotency) error {
	drop := func(ctx context.Context) (int64, error) {
		return changing(ctx, r, func(tx transaction) (int64, error) {
			return tx.change(dropStragglers, string(id), string(id), sqlkit.DropBatch)
		})
	}
	return sqlkit.Dropping(ctx, drop, func() (bool, error) {
		var more atomic.Bool // a change whose caller has left still writes to it
		err := r.writeWebhook(ctx, workspace, idempotency, func(tx transaction) (*domain.Webhook, error) {
			w, err := tx.webhook(workspace, id)
			if err != nil {
				return nil, err
			}
			rest, err := sqlkit.ChangeWebhook(w, change, func(event domain.Event, enabled bool) (bool, error) {
				return tx.storeWebhook(w, event, enabled)
			})
			more.Store(rest)
			return w, err
		})
		return more.Load(), err
	})
}

// TestWebhook implements ports.WebhookRepository.
func (r *KeyRepository) TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *ports.Idempotency) error {
	return r.writeWebhook(ctx, workspace, idempotency, func(tx transaction) (*domain.Webhook, error) {
		w, err := tx.webhook(workspace, id)
		switch {
		case err != nil:
			return nil, err
		case !w.Enabled:
			return nil, domain.ErrConflict
		}
		return w, tx.exec(sqlkit.InsertDelivery, codec.InsertDeliveryArgs(id, event, tx.now())...)
	})
}

// RetryDelivery implements ports.WebhookRepository.
func (r *KeyRepository) RetryDelivery(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, delivery domain.DeliveryID, idempotency *ports.Idempotency) error {
	return r.writeWebhook(ctx, workspace, idempotency, func(tx transaction) (*domain.Webhook, error) {
		w, err := tx.webhook(workspace, id)
		if err != nil {
			return nil, err
		}
		var found []string
		if err := tx.read(&found, findDelivery, string(id), string(delivery)); err != nil {
			return nil, err
		}
		switch {
		case len(found) == 0:
			return nil, domain.ErrWebhookNotFound
		case !w.Enabled:
			return nil, domain.ErrConflict
		}
		now := codec.Encode(tx.now())
		return w, tx.exec(sqlkit.RetryDelivery, now, now, string(id), string(delivery))
	})
}
