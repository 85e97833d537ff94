package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// claimDeliveries jumps from one webhook with pending deliveries to the next in the
	// index of those, so that its cost does not depend on their number. It locks the due
	// deliveries of each, as many as may be claimed, and skips those that another claim
	// has locked.
	claimDeliveries = `WITH RECURSIVE clock AS MATERIALIZED (
` + clockNow + `
), pending AS (
(SELECT webhook_id FROM api_key_deliveries WHERE status = 'PENDING' ORDER BY webhook_id LIMIT 1)
UNION ALL
SELECT (SELECT d.webhook_id FROM api_key_deliveries d WHERE d.status = 'PENDING' AND d.webhook_id > p.webhook_id ORDER BY d.webhook_id LIMIT 1)
FROM pending p WHERE p.webhook_id IS NOT NULL
), candidates AS MATERIALIZED (
SELECT due.webhook_id, due.id, due.due_at
FROM pending p CROSS JOIN clock
JOIN api_key_webhooks w ON w.id = p.webhook_id AND w.enabled AND w.deleted_at IS NULL
CROSS JOIN LATERAL (
SELECT d.webhook_id, d.id, d.due_at FROM api_key_deliveries d
WHERE d.webhook_id = p.webhook_id AND d.status = 'PENDING' AND d.due_at <= clock.at
AND (d.leased_until IS NULL OR d.leased_until <= clock.at)
ORDER BY d.due_at LIMIT ? FOR UPDATE SKIP LOCKED
) due
WHERE p.webhook_id <> ALL(?::text[])
), chosen AS (
SELECT webhook_id, id FROM (
SELECT c.*, row_number() OVER (PARTITION BY webhook_id ORDER BY due_at, id) AS rank FROM candidates c
) ranked ORDER BY rank, due_at, id LIMIT ?
)
UPDATE api_key_deliveries d
SET leased_until = clock.at + ?::bigint * interval '1 millisecond', claim = d.claim + 1
FROM chosen CROSS JOIN clock, api_key_webhooks w
WHERE d.webhook_id = chosen.webhook_id AND d.id = chosen.id AND w.id = chosen.webhook_id
RETURNING d.id, d.webhook_id, w.workspace_id, w.url, w.secrets, d.type, d.body, d.attempts, d.created_at, d.claim, clock.at AS now`

	// reportOutcomes records attempts and returns those that count. It locks its rows in
	// a fixed order before it changes any; see recordUse.
	reportOutcomes = `WITH outcomes AS (
SELECT d.webhook_id, d.id, o.position, o.status, o.attempt, o.response, o.wait
FROM unnest(?::text[], ?::text[], ?::bigint[], ?::text[], ?::integer[], ?::integer[], ?::bigint[])
WITH ORDINALITY AS o (webhook_id, id, claim, status, attempt, response, wait, position)
JOIN api_key_deliveries d ON d.webhook_id = o.webhook_id AND d.id = o.id AND d.claim = o.claim AND d.status = 'PENDING'
ORDER BY d.webhook_id, d.id
FOR NO KEY UPDATE OF d
)
UPDATE api_key_deliveries d
SET status = o.status, attempts = d.attempts + o.attempt, leased_until = NULL,
last_attempt_at = CASE WHEN o.attempt = 1 THEN ?::timestamptz ELSE d.last_attempt_at END,
last_status = CASE WHEN o.attempt = 1 THEN o.response ELSE d.last_status END,
due_at = CASE WHEN o.status = 'PENDING' THEN ?::timestamptz + o.wait * interval '1 microsecond' END
FROM outcomes o WHERE d.webhook_id = o.webhook_id AND d.id = o.id
RETURNING o.position - 1 AS position`

	// affectedWebhooks locks the webhooks whose state attempts may change: those in the
	// second list, and those in the first that have failed before. It locks them before
	// their deliveries, as a change by the owner does. In another order the two would
	// deadlock.
	affectedWebhooks = sqlkit.SelectWebhooks + `
WHERE w.id = ANY(?::text[]) AND w.deleted_at IS NULL AND (w.failing_since IS NOT NULL OR w.id = ANY(?::text[]))
ORDER BY w.id FOR NO KEY UPDATE`

	queueState = `WITH clock AS MATERIALIZED (` + clockNow + `)
SELECT count(*) AS pending,
count(*) FILTER (WHERE due) AS due,
coalesce(extract(epoch FROM max(clock.at - q.due_at) FILTER (WHERE due)) * 1000000, 0)::bigint AS oldest
FROM clock, LATERAL (
SELECT d.due_at, d.due_at <= clock.at AND (d.leased_until IS NULL OR d.leased_until <= clock.at) AS due
FROM api_key_deliveries d JOIN api_key_webhooks w ON w.id = d.webhook_id AND w.enabled
WHERE d.status = 'PENDING'
) q`

	nextSealed = sqlkit.NextSealed + ` FOR NO KEY UPDATE`

	// drop drops deliveries by their physical places, which must be locked, so that its
	// cost depends on their number only, whatever the planner knows of the table.
	drop = `UPDATE api_key_deliveries SET status = 'DROPPED', due_at = NULL, leased_until = NULL WHERE ctid = ANY (ARRAY(
`

	// lockPending waits for claims of what dropDeliveries drops: the place of a row that is
	// changed after a statement has begun is none that this statement can see.
	lockPending = `SELECT count(*) FROM (
SELECT FROM api_key_deliveries WHERE webhook_id = ? AND status = 'PENDING' ORDER BY due_at LIMIT ? FOR UPDATE
) d`

	// dropDeliveries drops up to a number of pending deliveries of a webhook, which
	// lockPending has locked.
	dropDeliveries = drop + `SELECT ctid FROM api_key_deliveries WHERE webhook_id = ? AND status = 'PENDING'
ORDER BY due_at LIMIT ? FOR UPDATE))`

	// stragglers are pending deliveries of webhooks that are disabled or deleted: of one
	// of them, or of all if the first argument is empty. The last is the maximum number.
	stragglers = ` FROM api_key_webhooks w JOIN api_key_deliveries d ON d.webhook_id = w.id AND d.status = 'PENDING'
WHERE NOT (w.enabled AND w.deleted_at IS NULL) AND (?::text = '' OR w.id = ?)
LIMIT ? FOR UPDATE OF d`

	// lockStragglers is lockPending for dropStragglers.
	lockStragglers = `SELECT count(*) FROM (SELECT` + stragglers + `) d`

	// dropStragglers drops stragglers, which lockStragglers has locked.
	dropStragglers = drop + `SELECT d.ctid` + stragglers + `))`

	forgetDeliveries = `DELETE FROM api_key_deliveries WHERE ctid = ANY (ARRAY(
SELECT d.ctid FROM api_key_webhooks w
JOIN api_key_deliveries d ON d.webhook_id = w.id AND d.created_at < ? AND (d.status <> 'PENDING' OR d.created_at < ?)
LIMIT ? FOR UPDATE OF d SKIP LOCKED))`

	// forgetWebhooks removes webhooks so long after their deletion that no transaction
	// can still add a delivery.
	forgetWebhooks = `WITH old AS (
SELECT w.id FROM api_key_webhooks w
WHERE w.deleted_at < ? AND NOT EXISTS (SELECT FROM api_key_deliveries d WHERE d.webhook_id = w.id)
LIMIT ? FOR UPDATE OF w SKIP LOCKED
)
DELETE FROM api_key_webhooks w USING old WHERE w.id = old.id`

	// warn records a warning if a webhook receives it.
	warn = `WITH ` + hook + `, key AS (
SELECT ?::text AS id, ?::text AS workspace_id
), warned AS (
INSERT INTO api_key_warnings (api_key_id, kind, due)
SELECT key.id, ?, ?::timestamptz FROM key
WHERE EXISTS (SELECT FROM hook` + subscribed + `)
ON CONFLICT DO NOTHING
RETURNING api_key_id
)
` + hooksOf + `warned CROSS JOIN key CROSS JOIN hook` + subscribed
)

type claimedRow struct {
	ID          string    `db:"id"`
	WebhookID   string    `db:"webhook_id"`
	WorkspaceID string    `db:"workspace_id"`
	URL         string    `db:"url"`
	Secrets     string    `db:"secrets"`
	Type        string    `db:"type"`
	Body        string    `db:"body"`
	Attempts    int       `db:"attempts"`
	CreatedAt   time.Time `db:"created_at"`
	Claim       int64     `db:"claim"`
	Now         time.Time `db:"now"`
}

// Claim implements ports.Outbox. A claim whose response is lost is a lease that nobody
// uses, and ends by itself.
func (r *KeyRepository) Claim(ctx context.Context, request ports.ClaimRequest) ([]ports.DueDelivery, error) {
	except := make(pq.StringArray, len(request.Except))
	for i, id := range request.Except {
		except[i] = string(id)
	}
	rows, err := untilDone(ctx, func() (rows []claimedRow, err error) {
		err = translate(ctx, retrying(ctx, func(ctx context.Context) error {
			rows = nil
			return r.claimDeliveries.Select(ctx, &rows, r.clock(), request.PerWebhook, except, request.Limit, request.Lease.Milliseconds())
		}))
		return rows, err
	})
	if err != nil {
		return nil, err
	}
	claimed := make([]ports.DueDelivery, len(rows))
	for i, row := range rows {
		w := domain.Webhook{Secrets: sqlkit.DecodeSealed(row.Secrets)}
		claimed[i] = ports.DueDelivery{
			ID: domain.DeliveryID(row.ID), Webhook: domain.WebhookID(row.WebhookID), Workspace: domain.WorkspaceID(row.WorkspaceID),
			URL: row.URL, Secrets: w.SigningSecrets(row.Now), Type: domain.WebhookEventType(row.Type), Body: []byte(row.Body),
			Attempts: row.Attempts, CreatedAt: row.CreatedAt.UTC(), Now: row.Now.UTC(), Claim: row.Claim,
		}
	}
	return claimed, nil
}

// Report implements ports.Outbox.
func (r *KeyRepository) Report(ctx context.Context, outcomes []ports.Outcome) ([]ports.StoppedWebhook, error) {
	return untilDone(ctx, func() (stopped []ports.StoppedWebhook, err error) {
		err = r.written(ctx, func(ctx context.Context) error {
			return r.transactWith(ctx, r.webhookWriting, func(tx transaction) (err error) {
				stopped, err = tx.report(ctx, outcomes, r.clock())
				return err
			})
		})
		return stopped, err
	})
}

func (tx transaction) report(ctx context.Context, outcomes []ports.Outcome, clock *time.Time) ([]ports.StoppedWebhook, error) {
	now, err := tx.time(ctx, clock)
	if err != nil {
		return nil, err
	}
	affected, err := tx.affected(ctx, outcomes)
	if err != nil {
		return nil, err
	}
	outcomes = atPresentURLs(affected, outcomes)
	var webhooks, ids, statuses pq.StringArray
	var claims, attempts, responses, waits pq.Int64Array
	for _, o := range outcomes {
		attempt := int64(1)
		if o.Kind == ports.OutcomeReturned {
			attempt = 0
		}
		webhooks, ids, claims = append(webhooks, string(o.Webhook)), append(ids, string(o.Delivery)), append(claims, o.Claim)
		statuses, attempts = append(statuses, string(sqlkit.StatusAfter(o.Kind))), append(attempts, attempt)
		responses, waits = append(responses, int64(o.Status)), append(waits, o.RetryAfter.Microseconds())
	}
	var recorded []int
	if err := tx.read(ctx, &recorded, reportOutcomes, webhooks, ids, claims, statuses, attempts, responses, waits, now, now); err != nil {
		return nil, err
	}
	made := map[domain.WebhookID][]ports.Outcome{}
	for _, position := range recorded {
		if o := outcomes[position]; o.Kind != ports.OutcomeReturned {
			made[o.Webhook] = append(made[o.Webhook], o)
		}
	}
	return tx.attempted(ctx, affected, made, now)
}

// affected locks the webhooks whose state the outcomes may change, and returns them.
func (tx transaction) affected(ctx context.Context, outcomes []ports.Outcome) ([]*domain.Webhook, error) {
	var all, failed pq.StringArray
	for _, o := range outcomes {
		if o.Kind != ports.OutcomeReturned {
			all = append(all, string(o.Webhook))
		}
		if o.Failed() {
			failed = append(failed, string(o.Webhook))
		}
	}
	if all == nil {
		return nil, nil
	}
	var rows []webhookRow
	if err := tx.read(ctx, &rows, affectedWebhooks, all, failed); err != nil {
		return nil, err
	}
	return codec.Webhooks(rows), nil
}

// atPresentURLs returns what the outcomes say of the affected webhooks; see
// [ports.Outcome.At].
func atPresentURLs(affected []*domain.Webhook, outcomes []ports.Outcome) []ports.Outcome {
	urls := make(map[domain.WebhookID]string, len(affected))
	for _, w := range affected {
		urls[w.ID] = w.URL
	}
	present := slices.Clone(outcomes)
	for i, o := range outcomes {
		if url, living := urls[o.Webhook]; living {
			present[i] = o.At(url)
		}
	}
	return present
}

// attempted applies the outcomes to the affected webhooks, and returns those that are
// stopped.
func (tx transaction) attempted(
	ctx context.Context, affected []*domain.Webhook, made map[domain.WebhookID][]ports.Outcome, now time.Time,
) (stopped []ports.StoppedWebhook, err error) {
	for _, w := range affected {
		before := w.FailingSince
		event := sqlkit.Attempted(w, made[w.ID], now)
		if event.ID != "" {
			stopped = append(stopped, ports.StoppedWebhook{ID: w.ID, Workspace: w.Workspace, Reason: w.DisabledReason})
			_, err = tx.storeWebhook(ctx, w, event, true)
		} else if !before.Equal(w.FailingSince) {
			err = tx.exec(ctx, sqlkit.SetFailingSince, codec.Optional(w.FailingSince), string(w.ID))
		}
		if err != nil {
			return nil, err
		}
	}
	return stopped, nil
}

// Queue implements ports.Outbox.
func (r *KeyRepository) Queue(ctx context.Context) (ports.QueueState, error) {
	rows, err := sqlkit.Rows[struct {
		Pending int64 `db:"pending"`
		Due     int64 `db:"due"`
		Oldest  int64 `db:"oldest"`
	}](ctx, lookUp, r.queueState, r.clock())
	if err != nil || len(rows) != 1 {
		return ports.QueueState{}, err
	}
	return ports.QueueState{Pending: rows[0].Pending, Due: rows[0].Due, OldestDue: time.Duration(rows[0].Oldest) * time.Microsecond}, nil
}

// SealingKeys implements ports.Outbox.
func (r *KeyRepository) SealingKeys(ctx context.Context) (map[string]domain.SealingUse, error) {
	stored, err := sqlkit.Rows[sqlkit.SealedRow](ctx, lookUp, r.queries.SealedSecrets)
	if err != nil {
		return nil, err
	}
	now := time.Now() // close enough to the server's for secrets that sign for a day
	if at := r.clock(); at != nil {
		now = *at
	}
	return sqlkit.SealingUses(stored, now), nil
}

// Reseal implements ports.Outbox.
func (r *KeyRepository) Reseal(ctx context.Context, current string, after domain.WebhookID, limit int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error)) (domain.WebhookID, error) {
	return untilDone(ctx, func() (last domain.WebhookID, err error) {
		err = r.written(ctx, func(ctx context.Context) error {
			return r.transactWith(ctx, r.webhookWriting, func(tx transaction) (err error) {
				last, err = tx.reseal(ctx, current, after, limit, reseal)
				return err
			})
		})
		return last, err
	})
}

func (tx transaction) reseal(ctx context.Context, current string, after domain.WebhookID, limit int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error)) (domain.WebhookID, error) {
	var rows []webhookRow
	if err := tx.read(ctx, &rows, nextSealed, string(after), limit); err != nil {
		return "", err
	}
	return codec.Reseal(rows, current, limit, reseal, func(secrets, id string) error { return tx.exec(ctx, sqlkit.SetSecrets, secrets, id) })
}

// ForgetDeliveries implements ports.Outbox.
func (r *KeyRepository) ForgetDeliveries(ctx context.Context, limit int) (int, error) {
	return untilDone(ctx, func() (removed int, err error) {
		err = r.written(ctx, func(ctx context.Context) error {
			return r.transactWith(ctx, r.webhookWriting, func(tx transaction) error {
				now, err := tx.time(ctx, r.clock())
				if err != nil {
					return err
				}
				dropped, err := tx.dropStragglers(ctx, "", limit)
				if err != nil {
					return err
				}
				before, longBefore := now.Add(-domain.DeliveryRetention), now.Add(-2*domain.DeliveryRetention)
				if err := tx.exec(ctx, sqlkit.ForgetWarnings, longBefore, sqlkit.LastingWarnings); err != nil {
					return err
				}
				n, err := tx.change(ctx, forgetDeliveries, before, longBefore, max(limit, 0))
				if err != nil {
					return err
				}
				removed = int(max(n, dropped))
				return tx.exec(ctx, forgetWebhooks, before, max(limit, 0))
			})
		})
		return removed, err
	})
}

// Warn implements ports.Warnings.
func (r *KeyRepository) Warn(ctx context.Context, warning domain.Warning, event domain.WebhookEvent) (bool, error) {
	args := append(r.hookArgs(codec.HookOf(event)),
		string(warning.KeyID), string(warning.Workspace), warning.Kind, codec.Encode(warning.Due))
	return untilDone(ctx, func() (made bool, err error) {
		err = r.written(ctx, func(ctx context.Context) error {
			statement, err := r.warn.Prepared(ctx)
			if err != nil {
				return err
			}
			done, err := statement.ExecContext(ctx, args...)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			made = n > 0
			return err
		})
		return made, err
	})
}
