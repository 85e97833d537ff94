package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// recordUse takes a JSON object from key to instant.
	recordUse = `UPDATE api_keys SET last_used_at = used.value
FROM json_each(?) AS used
WHERE api_keys.id = used.key AND deleted_at IS NULL AND (last_used_at IS NULL OR last_used_at < used.value)`

	addBatch = `INSERT INTO api_key_usage_batches (day, id) VALUES (?, ?) ON CONFLICT DO NOTHING`

	// addChecks takes a JSON array of arrays of a day, key, reason and number.
	addChecks = `INSERT INTO api_key_usage AS u (day, api_key_id, reason, checks)
SELECT c.value ->> 0, k.id, c.value ->> 2, c.value ->> 3
FROM json_each(?) AS c JOIN api_keys k ON k.id = c.value ->> 1
WHERE ` + sqlkit.Living + `
ON CONFLICT DO UPDATE SET checks = u.checks + excluded.checks`

	// keepScopeUses and keepGraceUses take JSON arrays of arrays of a key, a scope or the
	// end of a grace period, and an instant.
	keepScopeUses = `INSERT INTO api_key_scope_uses AS u (api_key_id, scope, last_used_at)
SELECT k.id, s.value ->> 1, s.value ->> 2
FROM json_each(?) AS s JOIN api_keys k ON k.id = s.value ->> 0
WHERE ` + sqlkit.Living + `
ON CONFLICT DO UPDATE SET last_used_at = excluded.last_used_at WHERE u.last_used_at < excluded.last_used_at`

	keepGraceUses = `INSERT INTO api_key_grace_uses AS u (api_key_id, valid_until, last_used_at)
SELECT k.id, s.value ->> 1, s.value ->> 2
FROM json_each(?) AS s JOIN api_keys k ON k.id = s.value ->> 0
WHERE ` + sqlkit.Living + `
ON CONFLICT DO UPDATE SET last_used_at = excluded.last_used_at WHERE u.last_used_at < excluded.last_used_at`

	// countsOfDays looks up each day separately, because the key is the second column
	// of the primary key.
	countsOfDays = `(WITH RECURSIVE days (day) AS (SELECT ? UNION ALL SELECT day + 1 FROM days WHERE day < ?)
SELECT u.day, u.reason, u.checks FROM days CROSS JOIN api_key_usage u ON u.day = days.day AND u.api_key_id = ?) u`

	forgetChecks = `DELETE FROM api_key_usage WHERE (day, api_key_id, reason) IN (
SELECT day, api_key_id, reason FROM api_key_usage WHERE day < ? ORDER BY day LIMIT ?
)`

	forgetBatches = `DELETE FROM api_key_usage_batches WHERE (day, id) IN (
SELECT day, id FROM api_key_usage_batches WHERE day < ? ORDER BY day LIMIT ?
)`

	forgetGraceUses = `DELETE FROM api_key_grace_uses WHERE (valid_until, api_key_id) IN (
SELECT valid_until, api_key_id FROM api_key_grace_uses WHERE valid_until < ? ORDER BY valid_until LIMIT ?
)`

	// rehash takes a JSON array of arrays of a key and of the algorithm, pepper
	// and digest, in hexadecimal digits, of the old and then of the new.
	rehash = `UPDATE api_key_secrets
SET algorithm = r.value ->> 4, pepper_id = r.value ->> 5, digest = unhex(r.value ->> 6)
FROM json_each(?) AS r
WHERE api_key_id = r.value ->> 0 AND algorithm = r.value ->> 1 AND pepper_id = r.value ->> 2 AND digest = unhex(r.value ->> 3)`
)

var findUsage = sqlkit.FindUsage(countsOfDays)

// RecordUse implements ports.UsageRecorder.
func (r *KeyRepository) RecordUse(ctx context.Context, batch ports.UsageBatch) error {
	uses := make(map[domain.KeyID]int64, len(batch.LastUsed))
	for id, at := range batch.LastUsed {
		uses[id] = codec.Encode(at)
	}
	scopes := make([][3]any, 0, len(batch.Scopes))
	for used, at := range batch.Scopes {
		scopes = append(scopes, [...]any{used.KeyID, used.Scope, codec.Encode(at)})
	}
	previous := make([][3]any, 0, len(batch.Previous))
	for used, at := range batch.Previous {
		previous = append(previous, [...]any{used.KeyID, codec.Encode(used.ValidUntil), codec.Encode(at)})
	}
	checks := make([][4]any, 0, len(batch.Checks))
	for count, n := range batch.Checks {
		checks = append(checks, [...]any{count.Day, count.KeyID, count.Verdict, n})
	}
	writes := []struct {
		statement string
		list      any
	}{{recordUse, uses}, {keepScopeUses, scopes}, {keepGraceUses, previous}, {addChecks, checks}}
	for i := range writes {
		encoded, err := json.Marshal(writes[i].list)
		if err != nil {
			return err
		}
		writes[i].list = string(encoded)
	}
	return translate(ctx, r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		added, err := tx.change(addBatch, int64(batch.Day), batch.ID)
		if err != nil {
			return err
		}
		for _, w := range writes {
			if w.statement == addChecks && added == 0 {
				continue
			}
			if err := tx.exec(w.statement, w.list); err != nil {
				return err
			}
		}
		return nil
	}))
}

// ForgetUsage implements ports.UsageRecorder.
func (r *KeyRepository) ForgetUsage(ctx context.Context, today domain.Day, limit int) (int, error) {
	removed := make(chan int64, 1)
	err := r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		all := int64(0)
		for _, old := range []struct {
			statement string
			before    int64
		}{
			{forgetChecks, int64(today - domain.KeptUsageDays)},
			{forgetBatches, int64(today - 1)},
			{forgetGraceUses, codec.Encode((today - 1).Start())},
		} {
			n, err := tx.change(old.statement, old.before, max(limit, 0))
			if err != nil {
				return err
			}
			all += n
		}
		removed <- all
		return nil
	})
	if err != nil {
		return 0, translate(ctx, err)
	}
	return int(<-removed), nil
}

// Rehash implements ports.UsageRecorder.
func (r *KeyRepository) Rehash(ctx context.Context, replacements []domain.Rehash) error {
	list := make([][7]string, len(replacements))
	for i, replacement := range replacements {
		was, is := replacement.Old, replacement.New
		list[i] = [...]string{
			string(replacement.KeyID),
			string(was.Algorithm), was.PepperID, hex.EncodeToString(was.Sum[:]),
			string(is.Algorithm), is.PepperID, hex.EncodeToString(is.Sum[:]),
		}
	}
	return r.flush(ctx, rehash, list)
}

// flush runs a statement whose only argument is a JSON text.
func (r *KeyRepository) flush(ctx context.Context, statement string, list any) error {
	encoded, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return translate(ctx, r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		return tx.exec(statement, string(encoded))
	}))
}
