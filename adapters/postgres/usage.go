package postgres

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Both lock their rows in the same order before they write any, so that the
// flushes of several processes cannot deadlock.
const (
	recordUse = `WITH used AS (
SELECT k.id, u.at
FROM unnest(?::text[], ?::timestamptz[]) AS u (id, at) JOIN api_keys k ON k.id = u.id
WHERE ` + sqlkit.Living + ` AND (k.last_used_at IS NULL OR k.last_used_at < u.at)
ORDER BY k.id
FOR NO KEY UPDATE OF k
)
UPDATE api_keys k SET last_used_at = used.at FROM used WHERE k.id = used.id`

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

// RecordUse implements ports.UsageRecorder.
func (r *KeyRepository) RecordUse(ctx context.Context, lastUsed map[domain.KeyID]time.Time) error {
	ids := make(pq.StringArray, 0, len(lastUsed))
	instants := make([]time.Time, 0, len(lastUsed))
	for id, at := range lastUsed {
		ids = append(ids, string(id))
		instants = append(instants, codec.Encode(at.UTC()))
	}
	return flush(ctx, r.recordUse, ids, pq.Array(instants))
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
