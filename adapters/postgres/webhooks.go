package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

type webhookRow = sqlkit.WebhookRow[time.Time]

const (
	// lockWebhooks locks the number of webhooks of a workspace until the transaction
	// ends. The seed is that of lockIdempotencyKey.
	lockWebhooks = `SELECT pg_advisory_xact_lock(hashtextextended(?, ` + lockSeed + `)) IS NULL`

	// lockWebhook locks a webhook. It is then read by a second statement, whose snapshot
	// includes the update that held the lock.
	lockWebhook = `SELECT id FROM api_key_webhooks WHERE id = ? AND workspace_id = ? AND deleted_at IS NULL FOR UPDATE`

	// clockNow has the time of the test's clock, or that of the server.
	clockNow = `SELECT coalesce(?::timestamptz, clock_timestamp()) AS at`

	lockDelivery = `SELECT id FROM api_key_deliveries WHERE webhook_id = ? AND id = ? FOR UPDATE`

	// hooksOf are columns and conditions of deliveries that follow from a table hook
	// (digits, type, body, created_at, due_at); a table key with a workspace_id and an id
	// is before it.
	hooksOf = `INSERT INTO api_key_deliveries (webhook_id, id, type, api_key_id, body, created_at, due_at)
SELECT w.id, hook.digits || substr(w.id, 4), hook.type, key.id, hook.body, hook.created_at, hook.due_at
FROM `

	// subscribed joins the webhooks that receive the event of hook.
	subscribed = ` JOIN api_key_webhooks w ON w.workspace_id = key.workspace_id AND w.deleted_at IS NULL AND w.enabled
AND hook.type <> '' AND (w.events = '[]' OR jsonb_exists(w.events, hook.type))`

	// hook has one event; see hookArgs.
	hook = `hook AS (
SELECT ?::text AS digits, ?::text AS type, ?::text AS body, ?::timestamptz AS created_at, coalesce(?::timestamptz, clock_timestamp()) AS due_at
)`

	// deliveries are the CTEs that store the deliveries of one event of a table key.
	deliveries = hook + `, deliveries AS (
` + hooksOf + `key CROSS JOIN hook` + subscribed + `
)`
)

// hookArgs returns the arguments of hook.
func (r *KeyRepository) hookArgs(h sqlkit.HookColumns[time.Time]) []any {
	return []any{h.Digits, h.Type, h.Body, h.At, r.clock()}
}

// CreateWebhook implements ports.WebhookRepository.
func (r *KeyRepository) CreateWebhook(ctx context.Context, webhook domain.Webhook, event domain.Event, idempotency *ports.Idempotency) error {
	insert, err := codec.InsertWebhookArgs(&webhook)
	if err != nil {
		return err
	}
	return r.writeWebhook(ctx, webhook.Workspace, idempotency, func(ctx context.Context, tx transaction) (*domain.Webhook, error) {
		var done []bool
		if err := tx.read(ctx, &done, lockWebhooks, tx.schema.lockText(string(webhook.Workspace), " webhooks")); err != nil {
			return nil, err
		}
		var rows []webhookRow
		if err := tx.read(ctx, &rows, sqlkit.ListWebhooks, string(webhook.Workspace)); err != nil {
			return nil, err
		}
		if len(rows) >= domain.MaxWebhooks {
			return nil, domain.ErrTooManyWebhooks
		}
		if err := tx.exec(ctx, sqlkit.InsertWebhook, insert...); err != nil {
			return nil, err
		}
		return &webhook, tx.recordWebhook(ctx, event)
	})
}

// writeWebhook runs write in a transaction that also stores the idempotency key.
func (r *KeyRepository) writeWebhook(
	ctx context.Context, workspace domain.WorkspaceID, idempotency *ports.Idempotency,
	write func(ctx context.Context, tx transaction) (*domain.Webhook, error),
) error {
	_, err := untilDone(ctx, func() (struct{}, error) {
		return struct{}{}, r.written(ctx, func(ctx context.Context) error {
			return r.transactWith(ctx, r.webhookWriting, func(tx transaction) error {
				if err := tx.claimWebhook(ctx, workspace, idempotency); err != nil {
					return err
				}
				w, err := write(ctx, tx)
				if err != nil || idempotency == nil {
					return err
				}
				args, err := codec.InsertWebhookIdempotencyArgs(*idempotency, w)
				if err != nil {
					return err
				}
				return tx.exec(ctx, sqlkit.InsertIdempotencyKey, args...)
			})
		})
	})
	return err
}

// claimWebhook is claim for a request about a webhook.
func (tx transaction) claimWebhook(ctx context.Context, workspace domain.WorkspaceID, idempotency *ports.Idempotency) error {
	found, err := tx.lockIdempotency(ctx, workspace, idempotency)
	if err != nil || idempotency == nil {
		return err
	}
	return codec.JudgeWebhook(workspace, found, *idempotency)
}

func (tx transaction) recordWebhook(ctx context.Context, event domain.Event) error {
	args, err := codec.WebhookEventArgs(event)
	if err != nil {
		return err
	}
	return tx.exec(ctx, sqlkit.InsertWebhookEvent, args...)
}

// lockedWebhook locks and reads a webhook.
func (tx transaction) lockedWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error) {
	var locked []string
	if err := tx.read(ctx, &locked, lockWebhook, string(id), string(workspace)); err != nil {
		return nil, err
	}
	if len(locked) == 0 {
		return nil, domain.ErrWebhookNotFound
	}
	var rows []webhookRow
	if err := tx.read(ctx, &rows, sqlkit.FindWebhook, string(id), string(workspace)); err != nil {
		return nil, err
	}
	return codec.FoundWebhook(rows)
}

// storeWebhook stores a changed webhook with its event, and drops what is pending if it
// stops or starts. It reports whether more is to be dropped.
func (tx transaction) storeWebhook(ctx context.Context, w *domain.Webhook, event domain.Event, enabled bool) (more bool, err error) {
	args, err := codec.UpdateWebhookArgs(w)
	if err != nil {
		return false, err
	}
	if err := tx.exec(ctx, sqlkit.UpdateWebhook, args...); err != nil {
		return false, err
	}
	if sqlkit.Drops(w, enabled) {
		var pending []int64
		if err := tx.read(ctx, &pending, lockPending, string(w.ID), sqlkit.DropBatch); err != nil {
			return false, err
		}
		dropped, err := tx.change(ctx, dropDeliveries, string(w.ID), sqlkit.DropBatch)
		if err != nil {
			return false, err
		}
		if more, err = sqlkit.Dropped(w, dropped); err != nil {
			return false, err
		}
	}
	return more, tx.recordWebhook(ctx, event)
}

// UpdateWebhook implements ports.WebhookRepository.
func (r *KeyRepository) UpdateWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), idempotency *ports.Idempotency) error {
	drop := func(ctx context.Context) (int64, error) { return r.dropStragglers(ctx, id) }
	return sqlkit.Dropping(ctx, drop, func() (bool, error) {
		var more atomic.Bool // a transaction that is left behind still writes to it
		err := r.writeWebhook(ctx, workspace, idempotency, func(ctx context.Context, tx transaction) (*domain.Webhook, error) {
			w, err := tx.lockedWebhook(ctx, workspace, id)
			if err != nil {
				return nil, err
			}
			rest, err := sqlkit.ChangeWebhook(w, change, func(event domain.Event, enabled bool) (bool, error) {
				return tx.storeWebhook(ctx, w, event, enabled)
			})
			more.Store(rest)
			return w, err
		})
		return more.Load(), err
	})
}

// dropStragglers drops a batch of deliveries of a webhook that is disabled or deleted.
func (r *KeyRepository) dropStragglers(ctx context.Context, id domain.WebhookID) (int64, error) {
	return untilDone(ctx, func() (dropped int64, err error) {
		err = r.written(ctx, func(ctx context.Context) error {
			return r.transactWith(ctx, r.webhookWriting, func(tx transaction) (err error) {
				dropped, err = tx.dropStragglers(ctx, id, sqlkit.DropBatch)
				return err
			})
		})
		return dropped, err
	})
}

// dropStragglers drops up to limit deliveries of a webhook that is disabled or deleted, or
// of all of those if id is empty.
func (tx transaction) dropStragglers(ctx context.Context, id domain.WebhookID, limit int) (int64, error) {
	args := []any{string(id), string(id), max(limit, 0)}
	var locked []int64
	if err := tx.read(ctx, &locked, lockStragglers, args...); err != nil {
		return 0, err
	}
	return tx.change(ctx, dropStragglers, args...)
}

// enabledWebhook locks and reads a webhook that is enabled.
func (tx transaction) enabledWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error) {
	w, err := tx.lockedWebhook(ctx, workspace, id)
	if err == nil && !w.Enabled {
		return nil, domain.ErrConflict
	}
	return w, err
}

// time returns the time by which deliveries are due.
func (tx transaction) time(ctx context.Context, clock *time.Time) (time.Time, error) {
	var at []time.Time
	if err := tx.read(ctx, &at, clockNow, clock); err != nil {
		return time.Time{}, err
	}
	if len(at) != 1 {
		return time.Time{}, errUnexpected
	}
	return at[0].UTC(), nil
}

// TestWebhook implements ports.WebhookRepository.
func (r *KeyRepository) TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *ports.Idempotency) error {
	return r.writeWebhook(ctx, workspace, idempotency, func(ctx context.Context, tx transaction) (*domain.Webhook, error) {
		w, err := tx.enabledWebhook(ctx, workspace, id)
		if err != nil {
			return nil, err
		}
		now, err := tx.time(ctx, r.clock())
		if err != nil {
			return nil, err
		}
		return w, tx.exec(ctx, sqlkit.InsertDelivery, codec.InsertDeliveryArgs(id, event, now)...)
	})
}

// RetryDelivery implements ports.WebhookRepository.
func (r *KeyRepository) RetryDelivery(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, delivery domain.DeliveryID, idempotency *ports.Idempotency) error {
	return r.writeWebhook(ctx, workspace, idempotency, func(ctx context.Context, tx transaction) (*domain.Webhook, error) {
		w, err := tx.lockedWebhook(ctx, workspace, id)
		if err != nil {
			return nil, err
		}
		var found []string
		if err := tx.read(ctx, &found, lockDelivery, string(id), string(delivery)); err != nil {
			return nil, err
		}
		switch {
		case len(found) == 0:
			return nil, domain.ErrWebhookNotFound
		case !w.Enabled:
			return nil, domain.ErrConflict
		}
		now, err := tx.time(ctx, r.clock())
		if err != nil {
			return nil, err
		}
		return w, tx.exec(ctx, sqlkit.RetryDelivery, now, now, string(id), string(delivery))
	})
}
