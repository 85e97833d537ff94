package sqlite

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// pendingWebhooks jumps from one webhook with pending deliveries to the next in the
	// index of those, so that its cost does not depend on their number.
	pendingWebhooks = `WITH RECURSIVE pending (webhook_id) AS (
SELECT min(webhook_id) FROM api_key_deliveries WHERE status = 'PENDING'
UNION ALL
SELECT (SELECT min(d.webhook_id) FROM api_key_deliveries d WHERE d.status = 'PENDING' AND d.webhook_id > p.webhook_id)
FROM pending p WHERE p.webhook_id IS NOT NULL
)
`
	// anyDue reports whether a claim would find anything, without writing.
	anyDue = pendingWebhooks + `SELECT p.webhook_id FROM pending p JOIN api_key_webhooks w ON w.id = p.webhook_id AND w.enabled AND w.deleted_at IS NULL
WHERE EXISTS (
SELECT 1 FROM api_key_deliveries d WHERE d.webhook_id = p.webhook_id AND d.status = 'PENDING' AND d.due_at <= ?
AND (d.leased_until IS NULL OR d.leased_until <= ?)
)`

	dueWebhooks = pendingWebhooks + sqlkit.SelectWebhooks + ` JOIN pending p ON p.webhook_id = w.id WHERE w.enabled AND w.deleted_at IS NULL`

	dueDeliveries = `SELECT id, type, body, attempts, created_at, due_at, claim FROM api_key_deliveries
WHERE webhook_id = ? AND status = 'PENDING' AND due_at <= ? AND (leased_until IS NULL OR leased_until <= ?)
ORDER BY due_at, id LIMIT ?`

	lease = `UPDATE api_key_deliveries SET leased_until = ?, claim = claim + 1 WHERE webhook_id = ? AND id = ?`

	recordAttempt = `UPDATE api_key_deliveries
SET status = ?, attempts = attempts + 1, last_attempt_at = ?, last_status = ?, due_at = ?, leased_until = NULL
WHERE webhook_id = ? AND id = ? AND claim = ? AND status = 'PENDING'`

	returnDelivery = `UPDATE api_key_deliveries SET due_at = ?, leased_until = NULL
WHERE webhook_id = ? AND id = ? AND claim = ? AND status = 'PENDING'`

	anyWebhook = sqlkit.SelectWebhooks + ` WHERE w.id = ? AND w.deleted_at IS NULL`

	queueState = `SELECT count(*) AS pending,
coalesce(sum(d.due_at <= ? AND (d.leased_until IS NULL OR d.leased_until <= ?)), 0) AS due,
min(CASE WHEN d.due_at <= ? AND (d.leased_until IS NULL OR d.leased_until <= ?) THEN d.due_at END) AS oldest
FROM api_key_deliveries d JOIN api_key_webhooks w ON w.id = d.webhook_id AND w.enabled
WHERE d.status = 'PENDING'`

	// dropDeliveries drops up to a number of pending deliveries of a webhook.
	dropDeliveries = `UPDATE api_key_deliveries SET status = 'DROPPED', due_at = NULL, leased_until = NULL WHERE rowid IN (
SELECT rowid FROM api_key_deliveries WHERE webhook_id = ? AND status = 'PENDING' ORDER BY due_at LIMIT ?
)`

	// dropStragglers drops up to a number of pending deliveries of webhooks that are
	// disabled or deleted: of one of them, or of all if the first argument is empty. A
	// cross join reads the webhooks first, of which there are few, also below.
	dropStragglers = `UPDATE api_key_deliveries SET status = 'DROPPED', due_at = NULL, leased_until = NULL WHERE rowid IN (
SELECT d.rowid FROM api_key_webhooks w CROSS JOIN api_key_deliveries d ON d.webhook_id = w.id AND d.status = 'PENDING'
WHERE (NOT w.enabled OR w.deleted_at IS NOT NULL) AND (? = '' OR w.id = ?)
LIMIT ?
)`

	forgetDeliveries = `DELETE FROM api_key_deliveries WHERE rowid IN (
SELECT d.rowid FROM api_key_webhooks w
CROSS JOIN api_key_deliveries d ON d.webhook_id = w.id AND d.created_at < ? AND (d.status <> 'PENDING' OR d.created_at < ?)
LIMIT ?
)`

	forgetWebhooks = `DELETE FROM api_key_webhooks WHERE id IN (
SELECT w.id FROM api_key_webhooks w
WHERE w.deleted_at < ? AND NOT EXISTS (SELECT 1 FROM api_key_deliveries d WHERE d.webhook_id = w.id)
LIMIT ?
)`

	insertWarning = `INSERT INTO api_key_warnings (api_key_id, kind, due) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`

	removeWarning = `DELETE FROM api_key_warnings WHERE api_key_id = ? AND kind = ? AND due = ?`
)

// webhookStatements are the statements of writes about webhooks.
var webhookStatements = []string{
	deliver, findDelivery, sqlkit.ListWebhooks, sqlkit.FindWebhook, sqlkit.InsertWebhook, sqlkit.UpdateWebhook,
	sqlkit.InsertWebhookEvent, dropDeliveries, sqlkit.InsertDelivery, sqlkit.RetryDelivery,
	dueWebhooks, dueDeliveries, lease, recordAttempt, returnDelivery, anyWebhook, sqlkit.SetFailingSince, sqlkit.NextSealed, sqlkit.SetSecrets,
	dropStragglers, sqlkit.ForgetWarnings, forgetDeliveries, forgetWebhooks, insertWarning, removeWarning,
}

// outgoingRow is a row of dueDeliveries.
type outgoingRow struct {
	ID        string `db:"id"`
	Type      string `db:"type"`
	Body      string `db:"body"`
	Attempts  int    `db:"attempts"`
	CreatedAt int64  `db:"created_at"`
	DueAt     int64  `db:"due_at"`
	Claim     int64  `db:"claim"`

	webhook *domain.Webhook
	rank    int // within its webhook
}

// changing runs f in a transaction and returns its result.
func changing[T any](ctx context.Context, r *KeyRepository, f func(tx transaction) (T, error)) (T, error) {
	done := make(chan T, 1)
	err := r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		value, err := f(tx)
		if err == nil {
			done <- value
		}
		return err
	})
	if err != nil {
		var none T
		return none, translate(ctx, err)
	}
	return <-done, nil
}

// Claim implements ports.Outbox. It writes only if something is due.
func (r *KeyRepository) Claim(ctx context.Context, request ports.ClaimRequest) ([]ports.DueDelivery, error) {
	now := codec.Encode(r.now())
	due, err := sqlkit.Rows[string](ctx, r.look, r.anyDue, now, now)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	return changing(ctx, r, func(tx transaction) ([]ports.DueDelivery, error) { return tx.claim(request) })
}

func (tx transaction) claim(request ports.ClaimRequest) ([]ports.DueDelivery, error) {
	var rows []webhookRow
	if err := tx.read(&rows, dueWebhooks); err != nil {
		return nil, err
	}
	now := tx.now().UTC().Truncate(time.Microsecond)
	var candidates []outgoingRow
	for _, w := range codec.Webhooks(rows) {
		if slices.Contains(request.Except, w.ID) {
			continue
		}
		var due []outgoingRow
		if err := tx.read(&due, dueDeliveries, string(w.ID), codec.Encode(now), codec.Encode(now), request.PerWebhook); err != nil {
			return nil, err
		}
		for rank, row := range due {
			row.webhook, row.rank = w, rank
			candidates = append(candidates, row)
		}
	}
	slices.SortFunc(candidates, func(a, b outgoingRow) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	var claimed []ports.DueDelivery
	for _, row := range candidates[:min(len(candidates), request.Limit)] {
		w := row.webhook
		if err := tx.exec(lease, codec.Encode(now.Add(request.Lease)), string(w.ID), row.ID); err != nil {
			return nil, err
		}
		claimed = append(claimed, ports.DueDelivery{
			ID: domain.DeliveryID(row.ID), Webhook: w.ID, Workspace: w.Workspace, URL: w.URL, Secrets: w.SigningSecrets(now),
			Type: domain.WebhookEventType(row.Type), Body: []byte(row.Body), Attempts: row.Attempts,
			CreatedAt: codec.Decode(row.CreatedAt), Now: now, Claim: row.Claim + 1,
		})
	}
	return claimed, nil
}

// Report implements ports.Outbox.
func (r *KeyRepository) Report(ctx context.Context, outcomes []ports.Outcome) ([]ports.StoppedWebhook, error) {
	return changing(ctx, r, func(tx transaction) (stopped []ports.StoppedWebhook, err error) {
		now := tx.now().UTC().Truncate(time.Microsecond)
		for _, o := range outcomes {
			var w *domain.Webhook
			if o.Kind != ports.OutcomeReturned {
				if w, err = tx.anyWebhook(o.Webhook); err != nil {
					return nil, err
				}
			}
			if w != nil {
				o = o.At(w.URL)
			}
			recorded, err := tx.record(o, now)
			if err != nil {
				return nil, err
			}
			if recorded == 0 || w == nil || o.Kind == ports.OutcomeReturned {
				continue
			}
			s, err := tx.attempted(w, o, now)
			if err != nil {
				return nil, err
			}
			stopped = append(stopped, s...)
		}
		return stopped, nil
	})
}

// record records an attempt, and returns 0 if its lease is no longer that of the caller.
func (tx transaction) record(o ports.Outcome, now time.Time) (int64, error) {
	next := codec.Encode(now.Add(o.RetryAfter))
	if o.Kind == ports.OutcomeReturned {
		return tx.change(returnDelivery, next, string(o.Webhook), string(o.Delivery), o.Claim)
	}
	due := &next
	if o.Kind != ports.OutcomeRetry {
		due = nil
	}
	return tx.change(recordAttempt, string(sqlkit.StatusAfter(o.Kind)), codec.Encode(now), o.Status, due, string(o.Webhook), string(o.Delivery), o.Claim)
}

// anyWebhook returns a webhook of any workspace, or nil if it does not exist.
func (tx transaction) anyWebhook(id domain.WebhookID) (*domain.Webhook, error) {
	var rows []webhookRow
	if err := tx.read(&rows, anyWebhook, string(id)); err != nil || len(rows) == 0 {
		return nil, err
	}
	return codec.Webhook(rows[0]), nil
}

// attempted applies an outcome to its webhook, and returns it if it is stopped.
func (tx transaction) attempted(w *domain.Webhook, o ports.Outcome, now time.Time) ([]ports.StoppedWebhook, error) {
	before := w.FailingSince
	event := sqlkit.Attempted(w, []ports.Outcome{o}, now)
	if event.ID != "" {
		_, err := tx.storeWebhook(w, event, true)
		return []ports.StoppedWebhook{{ID: w.ID, Workspace: w.Workspace, Reason: w.DisabledReason}}, err
	}
	if before.Equal(w.FailingSince) {
		return nil, nil
	}
	return nil, tx.exec(sqlkit.SetFailingSince, codec.Optional(w.FailingSince), string(w.ID))
}

// Queue implements ports.Outbox.
func (r *KeyRepository) Queue(ctx context.Context) (ports.QueueState, error) {
	now := r.now()
	at := codec.Encode(now)
	rows, err := sqlkit.Rows[struct {
		Pending int64  `db:"pending"`
		Due     int64  `db:"due"`
		Oldest  *int64 `db:"oldest"`
	}](ctx, r.look, r.queueState, at, at, at, at)
	if err != nil || len(rows) != 1 {
		return ports.QueueState{}, err
	}
	state := ports.QueueState{Pending: rows[0].Pending, Due: rows[0].Due}
	if rows[0].Oldest != nil {
		state.OldestDue = now.Truncate(time.Microsecond).Sub(codec.Decode(*rows[0].Oldest))
	}
	return state, nil
}

// SealingKeys implements ports.Outbox.
func (r *KeyRepository) SealingKeys(ctx context.Context) (map[string]domain.SealingUse, error) {
	stored, err := sqlkit.Rows[sqlkit.SealedRow](ctx, r.look, r.queries.SealedSecrets)
	if err != nil {
		return nil, err
	}
	return sqlkit.SealingUses(stored, r.now()), nil
}

// Reseal implements ports.Outbox.
func (r *KeyRepository) Reseal(ctx context.Context, current string, after domain.WebhookID, limit int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error)) (domain.WebhookID, error) {
	return changing(ctx, r, func(tx transaction) (domain.WebhookID, error) {
		var rows []webhookRow
		if err := tx.read(&rows, sqlkit.NextSealed, string(after), limit); err != nil {
			return "", err
		}
		return codec.Reseal(rows, current, limit, reseal, func(secrets, id string) error { return tx.exec(sqlkit.SetSecrets, secrets, id) })
	})
}

// ForgetDeliveries implements ports.Outbox.
func (r *KeyRepository) ForgetDeliveries(ctx context.Context, limit int) (int, error) {
	return changing(ctx, r, func(tx transaction) (int, error) {
		now := tx.now()
		dropped, err := tx.change(dropStragglers, "", "", max(limit, 0))
		if err != nil {
			return 0, err
		}
		before, longBefore := codec.Encode(now.Add(-domain.DeliveryRetention)), codec.Encode(now.Add(-2*domain.DeliveryRetention))
		if err := tx.exec(sqlkit.ForgetWarnings, longBefore, sqlkit.LastingWarnings); err != nil {
			return 0, err
		}
		removed, err := tx.change(forgetDeliveries, before, longBefore, max(limit, 0))
		if err != nil {
			return 0, err
		}
		return int(max(removed, dropped)), tx.exec(forgetWebhooks, before, max(limit, 0))
	})
}

// Warn implements ports.Warnings.
func (r *KeyRepository) Warn(ctx context.Context, warning domain.Warning, event domain.WebhookEvent) (bool, error) {
	return changing(ctx, r, func(tx transaction) (bool, error) {
		mark := []any{string(warning.KeyID), warning.Kind, codec.Encode(warning.Due)}
		if made, err := tx.change(insertWarning, mark...); err != nil || made == 0 {
			return false, err
		}
		delivered, err := tx.deliver(string(warning.Workspace), string(warning.KeyID), codec.HookOf(event))
		if err != nil || delivered > 0 {
			return err == nil, err
		}
		return false, tx.exec(removeWarning, mark...)
	})
}
