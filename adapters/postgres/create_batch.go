package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// insertKeys is like insertKey for several living keys of one workspace. It writes all
// of them, or none if the workspace has no room for all. If the workspace has no
// webhook, the events for webhooks are not even unpacked.
const insertKeys = `WITH counted AS (
INSERT INTO api_key_counts AS c (workspace_id, living)
VALUES (?, ?)
ON CONFLICT (workspace_id) DO UPDATE SET living = c.living + excluded.living
WHERE ?::bigint = 0 OR c.living + excluded.living <= ?::bigint
RETURNING c.workspace_id
), keys AS (
INSERT INTO api_keys
(id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at, last_used_at, rate_limits, quota)
SELECT k.id, counted.workspace_id, k.name, k.name_folded, k.mode, k.scopes::jsonb, k.ip_whitelist::jsonb, k.disabled,
k.created_by, k.created_at, k.expires_at, k.last_used_at, k.rate_limits::jsonb, k.quota::jsonb
FROM counted, unnest(?::text[], ?::text[], ?::text[], ?::smallint[], ?::text[], ?::text[], ?::boolean[], ?::text[],
?::timestamptz[], ?::timestamptz[], ?::timestamptz[], ?::text[], ?::text[])
AS k (id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at, last_used_at, rate_limits, quota)
RETURNING id, workspace_id
), secrets AS (
INSERT INTO api_key_secrets
(api_key_id, position, algorithm, pepper_id, digest, valid_until)
SELECT keys.id, s.position, s.algorithm, s.pepper_id, s.digest, s.valid_until
FROM keys JOIN unnest(?::text[], ?::smallint[], ?::text[], ?::text[], ?::bytea[], ?::timestamptz[])
AS s (id, position, algorithm, pepper_id, digest, valid_until) ON s.id = keys.id
), hooks AS (
SELECT h.id, h.digits, h.type, h.body, h.created_at, coalesce(?::timestamptz, clock_timestamp()) AS due_at
FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[]) AS h (id, digits, type, body, created_at)
WHERE (SELECT EXISTS (SELECT FROM api_key_webhooks w WHERE w.workspace_id = ? AND w.deleted_at IS NULL AND w.enabled))
), deliveries AS (
` + hooksOf + `keys key JOIN hooks hook ON hook.id = key.id` + subscribed + `
)
INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, ip, request_id, changes)
SELECT keys.id, e.at, e.event_id, keys.workspace_id, e.type, e.account_id, e.portal, e.client_hash, e.ip, e.request_id, e.changes::jsonb
FROM keys JOIN unnest(?::text[], ?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
AS e (id, at, event_id, type, account_id, portal, client_hash, ip, request_id, changes) ON e.id = keys.id`

// createAll stores the keys of a batch, and returns those that it did not store and that
// must be created on their own. These are all of them, if the workspace has no room for
// them or the server rejects one of them, and otherwise those whose idempotency key is in
// use or in flight. An error applies to the whole batch.
func (r *KeyRepository) createAll(ctx context.Context, batch []*creation) (alone []*creation, err error) {
	create := r.createUnderKeys
	if batch[0].options.Idempotency == nil {
		create = r.createInOne
	}
	err = r.written(ctx, func(ctx context.Context) error {
		var err error
		if alone, err = create(ctx, batch); rejected(err) || err != nil && sqlkit.Settled(err) {
			alone, err = batch, nil
		}
		return err
	})
	return alone, err
}

// createInOne creates the keys of a batch without idempotency keys in one statement. If
// the connection is lost, database/sql runs it again, as in create.
func (r *KeyRepository) createInOne(ctx context.Context, batch []*creation) ([]*creation, error) {
	insert, err := r.insertAll.Prepared(ctx)
	if err != nil {
		return nil, err
	}
	return nil, inserted(insert.ExecContext(ctx, batchArguments(batch, r.clock())...))
}

// createUnderKeys creates the keys of a batch with idempotency keys in one transaction. It
// claims all idempotency keys before the count is locked, and returns the creations whose
// idempotency key it could not claim.
func (r *KeyRepository) createUnderKeys(ctx context.Context, batch []*creation) (unclaimed []*creation, err error) {
	err = r.transact(ctx, func(tx transaction) error {
		var claimed []*creation
		if claimed, unclaimed, err = tx.claimAll(ctx, batch); err != nil || len(claimed) == 0 {
			return err
		}
		insert := tx.StmtxContext(ctx, tx.prepared[insertKeys])
		return inserted(insert.ExecContext(ctx, batchArguments(claimed, r.clock())...))
	})
	return unclaimed, err
}

// rejected reports whether the server rejected the statement because of its data, so
// that it may accept a part of the data.
func rejected(err error) bool {
	failed := asServerError(err)
	return failed != nil && !temporary(failed.Code) && !schemaMissing(failed.Code) && !spoiled(failed)
}

// batchArguments returns the arguments of insertKeys.
func batchArguments(batch []*creation, clock *time.Time) []any {
	var id, name, folded, scopes, whitelist, by, rateLimits pq.StringArray
	var mode pq.Int64Array
	var disabled pq.BoolArray
	var created []time.Time
	var expires, used []sql.NullTime
	var secretOf, algorithm, pepper pq.StringArray
	var position pq.Int64Array
	var digest pq.ByteaArray
	var until []sql.NullTime
	var at []time.Time
	var eventID, kind, account, portal, hash, request, changes pq.StringArray
	var ip, quota []sql.NullString
	var digits, hook, body pq.StringArray
	var hooked []time.Time
	for _, c := range batch {
		k, e, h := c.rows.Key, c.rows.Event, c.rows.Hook
		id, name, folded, mode = append(id, k.ID), append(name, k.Name), append(folded, k.NameFolded), append(mode, k.Mode)
		scopes, whitelist, disabled = append(scopes, k.Scopes), append(whitelist, k.IPWhitelist), append(disabled, k.Disabled)
		by, created = append(by, k.CreatedBy), append(created, k.CreatedAt)
		expires, used = append(expires, nullTime(k.ExpiresAt)), append(used, nullTime(k.LastUsedAt))
		rateLimits, quota = append(rateLimits, k.RateLimits), append(quota, nullString(k.Quota))
		for i, s := range c.rows.Secrets {
			secretOf, position = append(secretOf, k.ID), append(position, int64(i))
			algorithm, pepper = append(algorithm, s.Algorithm), append(pepper, s.PepperID)
			digest, until = append(digest, s.Digest), append(until, nullTime(s.ValidUntil))
		}
		at, eventID, kind = append(at, e.At), append(eventID, e.ID), append(kind, e.Type)
		account, portal, hash = append(account, e.AccountID), append(portal, e.Portal), append(hash, e.ClientHash)
		ip, request, changes = append(ip, e.IP), append(request, e.RequestID), append(changes, e.Changes)
		digits, hook, body, hooked = append(digits, h.Digits), append(hook, h.Type), append(body, h.Body), append(hooked, h.At)
	}
	maxKeys := batch[0].options.MaxKeys
	return []any{
		batch[0].rows.Key.WorkspaceID, len(batch), maxKeys, maxKeys,
		id, name, folded, mode, scopes, whitelist, disabled, by, pq.Array(created), pq.Array(expires), pq.Array(used), rateLimits, pq.Array(quota),
		secretOf, position, algorithm, pepper, digest, pq.Array(until),
		clock, id, digits, hook, body, pq.Array(hooked), batch[0].rows.Key.WorkspaceID,
		id, pq.Array(at), eventID, kind, account, portal, hash, pq.Array(ip), request, changes,
	}
}

func nullTime(t *time.Time) sql.NullTime {
	if t == nil {
		return sql.NullTime{}
	}
	return sql.NullTime{Time: *t, Valid: true}
}

func nullString(s *string) sql.NullString {
	if s == nil {
		return sql.NullString{}
	}
	return sql.NullString{String: *s, Valid: true}
}
