package postgres

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Both lock their rows in the same order before they write any, so that the
// flushes of several processes cannot deadlock.
const (
	// recordUse adds to the counts only if the batch is new. If the same batch is being
	// recorded at the same time, it waits until that has ended.
	recordUse = `WITH batch AS (
INSERT INTO api_key_usage_batches (day, id) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id
), used AS (
SELECT k.id, u.at
FROM unnest(?::text[], ?::timestamptz[]) AS u (id, at) JOIN api_keys k ON k.id = u.id
WHERE ` + sqlkit.Living + ` AND (k.last_used_at IS NULL OR k.last_used_at < u.at)
ORDER BY k.id
FOR NO KEY UPDATE OF k
), keys AS (
UPDATE api_keys k SET last_used_at = used.at FROM used WHERE k.id = used.id
), scopes AS (
INSERT INTO api_key_scope_uses AS u (api_key_id, scope, last_used_at)
SELECT k.id, s.scope, s.at
FROM unnest(?::text[], ?::text[], ?::timestamptz[]) AS s (id, scope, at) JOIN api_keys k ON k.id = s.id
WHERE ` + sqlkit.Living + `
ORDER BY k.id, s.scope
ON CONFLICT ON CONSTRAINT api_key_scope_uses_pkey DO UPDATE SET last_used_at = excluded.last_used_at
WHERE u.last_used_at < excluded.last_used_at
), previous AS (
INSERT INTO api_key_grace_uses AS u (valid_until, api_key_id, last_used_at)
SELECT p.valid_until, k.id, p.at
FROM unnest(?::text[], ?::timestamptz[], ?::timestamptz[]) AS p (id, valid_until, at) JOIN api_keys k ON k.id = p.id
WHERE ` + sqlkit.Living + `
ORDER BY p.valid_until, k.id
ON CONFLICT ON CONSTRAINT api_key_grace_uses_pkey DO UPDATE SET last_used_at = excluded.last_used_at
WHERE u.last_used_at < excluded.last_used_at
)
INSERT INTO api_key_usage AS u (day, api_key_id, reason, checks)
SELECT c.day, k.id, c.reason, c.checks
FROM batch, unnest(?::integer[], ?::text[], ?::text[], ?::bigint[]) AS c (day, id, reason, checks) JOIN api_keys k ON k.id = c.id
WHERE ` + sqlkit.Living + `
ORDER BY c.day, k.id, c.reason
ON CONFLICT ON CONSTRAINT api_key_usage_pkey DO UPDATE SET checks = u.checks + excluded.checks`

	// countsOfDays looks up each day separately, because the key is the second column
	// of the primary key.
	countsOfDays = `(SELECT c.* FROM generate_series(?::bigint, ?::bigint) AS d (day) CROSS JOIN LATERAL (
SELECT day, reason, checks FROM api_key_usage WHERE day = d.day AND api_key_id = ? OFFSET 0
) c) u`

	forgetUsage = `WITH checks AS (
DELETE FROM api_key_usage u USING (
SELECT day, api_key_id, reason FROM api_key_usage WHERE day < ? ORDER BY day LIMIT ? FOR UPDATE SKIP LOCKED
) old WHERE u.day = old.day AND u.api_key_id = old.api_key_id AND u.reason = old.reason
RETURNING 1
), batches AS (
DELETE FROM api_key_usage_batches b USING (
SELECT day, id FROM api_key_usage_batches WHERE day < ? ORDER BY day LIMIT ? FOR UPDATE SKIP LOCKED
) old WHERE b.day = old.day AND b.id = old.id
RETURNING 1
), previous AS (
DELETE FROM api_key_grace_uses u USING (
SELECT valid_until, api_key_id FROM api_key_grace_uses WHERE valid_until < ? ORDER BY valid_until LIMIT ? FOR UPDATE SKIP LOCKED
) old WHERE u.valid_until = old.valid_until AND u.api_key_id = old.api_key_id
RETURNING 1
)
SELECT (SELECT count(*) FROM checks) + (SELECT count(*) FROM batches) + (SELECT count(*) FROM previous) AS removed`

	rehash = `WITH outdated AS (
SELECT s.api_key_id, s.position, r.new_algorithm, r.new_pepper_id, r.new_digest
FROM unnest(?::text[], ?::text[], ?::text[], ?::bytea[], ?::text[], ?::text[], ?::bytea[])
AS r (api_key_id, algorithm, pepper_id, digest, new_algorithm, new_pepper_id, new_digest)
JOIN api_key_secrets s ON s.api_key_id = r.api_key_id
AND s.algorithm = r.algorithm AND s.pepper_id = r.pepper_id AND s.digest = r.digest
ORDER BY s.api_key_id, s.position
FOR NO KEY UPDATE OF s
)
UPDATE api_key_secrets s
SET algorithm = o.new_algorithm, pepper_id = o.new_pepper_id, digest = o.new_digest
FROM outdated o
WHERE s.api_key_id = o.api_key_id AND s.position = o.position`
)

var findUsage = sqlkit.FindUsage(countsOfDays)

// RecordUse implements ports.UsageRecorder.
func (r *KeyRepository) RecordUse(ctx context.Context, batch ports.UsageBatch) error {
	return flush(ctx, r.recordUse, recordUseArgs(batch)...)
}

func recordUseArgs(batch ports.UsageBatch) []any {
	args := []any{int64(batch.Day), batch.ID}
	args = append(args, lastUses(batch.LastUsed)...)
	args = append(args, scopeUses(batch.Scopes)...)
	args = append(args, graceUses(batch.Previous)...)
	return append(args, checkCounts(batch.Checks)...)
}

func lastUses(uses map[domain.KeyID]time.Time) []any {
	ids, instants := make(pq.StringArray, 0, len(uses)), make([]time.Time, 0, len(uses))
	for id, at := range uses {
		ids = append(ids, string(id))
		instants = append(instants, codec.Encode(at.UTC()))
	}
	return []any{ids, pq.Array(instants)}
}

func scopeUses(uses map[ports.ScopeOfKey]time.Time) []any {
	ids, scopes, instants := make(pq.StringArray, 0, len(uses)), make(pq.StringArray, 0, len(uses)), make([]time.Time, 0, len(uses))
	for used, at := range uses {
		ids = append(ids, string(used.KeyID))
		scopes = append(scopes, string(used.Scope))
		instants = append(instants, codec.Encode(at.UTC()))
	}
	return []any{ids, scopes, pq.Array(instants)}
}

func graceUses(uses map[ports.PreviousSecret]time.Time) []any {
	ids, ends, instants := make(pq.StringArray, 0, len(uses)), make([]time.Time, 0, len(uses)), make([]time.Time, 0, len(uses))
	for used, at := range uses {
		ids = append(ids, string(used.KeyID))
		ends = append(ends, codec.Encode(used.ValidUntil.UTC()))
		instants = append(instants, codec.Encode(at.UTC()))
	}
	return []any{ids, pq.Array(ends), pq.Array(instants)}
}

func checkCounts(counts map[ports.CheckCount]int64) []any {
	ids, verdicts := make(pq.StringArray, 0, len(counts)), make(pq.StringArray, 0, len(counts))
	days, numbers := make(pq.Int64Array, 0, len(counts)), make(pq.Int64Array, 0, len(counts))
	for count, n := range counts {
		days = append(days, int64(count.Day))
		ids = append(ids, string(count.KeyID))
		verdicts = append(verdicts, string(count.Verdict))
		numbers = append(numbers, n)
	}
	return []any{days, ids, verdicts, numbers}
}

// ForgetUsage implements ports.UsageRecorder.
func (r *KeyRepository) ForgetUsage(ctx context.Context, today domain.Day, limit int) (int, error) {
	return untilDone(ctx, func() (int, error) {
		limit := max(limit, 0)
		rows, err := sqlkit.Rows[int](ctx, lookUp, r.forgetUsage, int64(today-domain.KeptUsageDays), limit,
			int64(today-1), limit, (today - 1).Start(), limit)
		if err != nil {
			return 0, err
		}
		return rows[0], nil
	})
}

// Rehash implements ports.UsageRecorder.
func (r *KeyRepository) Rehash(ctx context.Context, replacements []domain.Rehash) error {
	var ids pq.StringArray
	var was, is digestArrays
	for _, replacement := range replacements {
		ids = append(ids, string(replacement.KeyID))
		was.add(replacement.Old)
		is.add(replacement.New)
	}
	return flush(ctx, r.rehash, ids,
		was.algorithms, was.peppers, was.digests,
		is.algorithms, is.peppers, is.digests)
}

type digestArrays struct {
	algorithms, peppers pq.StringArray
	digests             pq.ByteaArray
}

func (a *digestArrays) add(d domain.Digest) {
	a.algorithms = append(a.algorithms, string(d.Algorithm))
	a.peppers = append(a.peppers, d.PepperID)
	a.digests = append(a.digests, d.Sum[:])
}

// flush runs an idempotent statement.
func flush(ctx context.Context, statement *sqlkit.Statement, args ...any) error {
	_, err := untilDone(ctx, func() (struct{}, error) {
		return struct{}{}, translate(ctx, retrying(ctx, func(ctx context.Context) error {
			prepared, err := statement.Prepared(ctx)
			if err != nil {
				return err
			}
			_, err = prepared.ExecContext(ctx, args...)
			return err
		}))
	})
	return err
}
