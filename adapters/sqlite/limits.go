package sqlite

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/limitcount"
	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/ports"
)

const (
	findCount = `SELECT started_at, granted, returned FROM api_key_limit_counts WHERE api_key_id = ? AND name = ? AND span = ?`

	setCount = `INSERT INTO api_key_limit_counts (api_key_id, name, span, started_at, granted, returned) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (api_key_id, name, span) DO UPDATE SET started_at = excluded.started_at, granted = excluded.granted, returned = excluded.returned`

	// forgetCounts assumes that every month has 31 days.
	forgetCounts = `DELETE FROM api_key_limit_counts WHERE (api_key_id, name, span) IN (
SELECT api_key_id, name, span FROM api_key_limit_counts
WHERE span <> 'TOTAL'
AND started_at + CASE span WHEN 'MONTH' THEN 31 * 86400 WHEN 'DAY' THEN 86400 ELSE CAST(span AS INTEGER) END <= ?
LIMIT ?
)`
)

type countRow struct {
	StartedAt int64 `db:"started_at"`
	Granted   int64 `db:"granted"`
	Returned  int64 `db:"returned"`
}

// Lease implements ports.LimitStore.
func (r *KeyRepository) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	leased := make(chan ports.Lease, 1)
	err := r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		count, err := tx.count(request.Bucket)
		if err != nil {
			return err
		}
		lease := count.Lease(request, r.now())
		if err := tx.setCount(request.Bucket, count); err != nil {
			return err
		}
		leased <- lease
		return nil
	})
	if err != nil {
		return ports.Lease{}, translate(ctx, err)
	}
	return <-leased, nil
}

// Peek implements ports.LimitStore.
func (r *KeyRepository) Peek(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	found, err := sqlkit.Rows[countRow](ctx, r.look, r.counts, countArgs(request.Bucket)...)
	if err != nil {
		return ports.Lease{}, err
	}
	count := countOf(found)
	request.Want, request.Need = 0, 0
	return count.Lease(request, r.now()), nil
}

// GiveBack implements ports.LimitStore.
func (r *KeyRepository) GiveBack(ctx context.Context, shares []ports.Share) error {
	return translate(ctx, r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		for _, share := range shares {
			count, err := tx.count(share.Bucket)
			if err != nil {
				return err
			}
			if count == (limitcount.Count{}) {
				continue
			}
			count.GiveBack(share)
			if err := tx.setCount(share.Bucket, count); err != nil {
				return err
			}
		}
		return nil
	}))
}

// ForgetLimits implements ports.LimitStore.
func (r *KeyRepository) ForgetLimits(ctx context.Context, limit int) (int, error) {
	removed := make(chan int64, 1)
	err := r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		n, err := tx.change(forgetCounts, r.now().Add(-limitcount.KeptFor).Unix(), max(limit, 0))
		if err == nil {
			removed <- n
		}
		return err
	})
	if err != nil {
		return 0, translate(ctx, err)
	}
	return int(<-removed), nil
}

func (tx transaction) count(bucket ports.Bucket) (limitcount.Count, error) {
	var found []countRow
	err := tx.read(&found, findCount, countArgs(bucket)...)
	return countOf(found), err
}

func (tx transaction) setCount(bucket ports.Bucket, count limitcount.Count) error {
	return tx.exec(setCount, append(countArgs(bucket), count.Start.Unix(), count.Granted, count.Returned)...)
}

func countArgs(bucket ports.Bucket) []any {
	return []any{string(bucket.KeyID), bucket.Name, bucket.Window.String()}
}

func countOf(found []countRow) limitcount.Count {
	if len(found) == 0 {
		return limitcount.Count{}
	}
	return limitcount.Count{
		Start:    time.Unix(found[0].StartedAt, 0).UTC(),
		Granted:  found[0].Granted,
		Returned: found[0].Returned,
	}
}
