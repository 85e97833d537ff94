package postgres

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/limitcount"
	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// windowNow returns the time and the start of the window that contains it, in
	// seconds since the Unix epoch. It uses the clock of the server, so that all
	// replicas have the same windows, unless a test passes its own time as an argument.
	windowNow = `WITH clock AS MATERIALIZED (SELECT coalesce($3::timestamptz, clock_timestamp()) AS at),
current AS MATERIALIZED (
SELECT at, CASE $1::text
WHEN 'TOTAL' THEN 0
WHEN 'MONTH' THEN extract(epoch FROM date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')::bigint
ELSE (floor(extract(epoch FROM at) / $2::bigint) * $2::bigint)::bigint
END AS start
FROM clock
)`

	// grant follows a table base (start, granted, returned) and computes what is granted
	// of it.
	grant = `, LATERAL (SELECT least($6::bigint, greatest($5::bigint - base.granted + base.returned, 0)) AS available) a,
LATERAL (SELECT CASE WHEN a.available >= $7::bigint THEN a.available ELSE 0 END AS share) g`

	// leaseShare grants a share in one statement, which locks the one row it changes.
	// What the caller has seen counts if it belongs to the same window; see
	// ports.LeaseRequest.
	leaseShare = windowNow + `
INSERT INTO api_key_limit_counts AS c (api_key_id, name, span, started_at, granted, returned, last_granted)
SELECT $4, $8, $1, base.start, base.granted + g.share, base.returned, g.share
FROM current, LATERAL (
SELECT current.start,
CASE WHEN current.start = $9::bigint THEN $10::bigint ELSE 0 END AS granted,
CASE WHEN current.start = $9::bigint THEN $11::bigint ELSE 0 END AS returned
) base` + grant + `
ON CONFLICT ON CONSTRAINT api_key_limit_counts_pkey DO UPDATE
SET (started_at, granted, returned, last_granted) = (
SELECT base.start, base.granted + g.share, base.returned, g.share
FROM (SELECT greatest(c.started_at, excluded.started_at) AS start) s, LATERAL (
SELECT s.start,
greatest(CASE WHEN c.started_at = s.start THEN c.granted ELSE 0 END, CASE WHEN s.start = $9::bigint THEN $10::bigint ELSE 0 END) AS granted,
greatest(CASE WHEN c.started_at = s.start THEN c.returned ELSE 0 END, CASE WHEN s.start = $9::bigint THEN $11::bigint ELSE 0 END) AS returned
) base` + grant + `
)
RETURNING started_at, granted, returned, last_granted, (SELECT at FROM clock) AS at`

	// peekCount returns zeros for a bucket without a count.
	peekCount = windowNow + `
SELECT current.at, current.start AS started_now, coalesce(c.started_at, 0) AS started_at,
coalesce(c.granted, 0) AS granted, coalesce(c.returned, 0) AS returned, 0 AS last_granted
FROM current LEFT JOIN api_key_limit_counts c ON c.api_key_id = $4 AND c.name = $5 AND c.span = $1`

	// giveBack locks its rows in a fixed order before it changes any; see
	// recordUse.
	giveBack = `WITH shares AS (
SELECT c.api_key_id, c.name, c.span, s.amount
FROM unnest(?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[]) AS s (api_key_id, name, span, started_at, amount)
JOIN api_key_limit_counts c ON c.api_key_id = s.api_key_id AND c.name = s.name AND c.span = s.span AND c.started_at = s.started_at
ORDER BY c.api_key_id, c.name, c.span
FOR NO KEY UPDATE OF c
)
UPDATE api_key_limit_counts c SET returned = least(c.returned + shares.amount, c.granted)
FROM shares WHERE c.api_key_id = shares.api_key_id AND c.name = shares.name AND c.span = shares.span`

	// forgetCounts assumes that every month has 31 days.
	forgetCounts = `WITH ended AS (
SELECT api_key_id, name, span FROM api_key_limit_counts
WHERE started_at + CASE span WHEN 'TOTAL' THEN NULL WHEN 'MONTH' THEN 31 * 86400 WHEN 'DAY' THEN 86400 ELSE span::bigint END
<= extract(epoch FROM coalesce(?::timestamptz, clock_timestamp())) - ?::bigint
LIMIT ?
FOR UPDATE SKIP LOCKED
)
DELETE FROM api_key_limit_counts c USING ended
WHERE c.api_key_id = ended.api_key_id AND c.name = ended.name AND c.span = ended.span`
)

// countRow is a row of leaseShare or peekCount.
type countRow struct {
	At          time.Time `db:"at"`
	StartedNow  int64     `db:"started_now"`
	StartedAt   int64     `db:"started_at"`
	Granted     int64     `db:"granted"`
	Returned    int64     `db:"returned"`
	LastGranted int64     `db:"last_granted"`
}

func (row countRow) count() limitcount.Count {
	return limitcount.Count{Start: time.Unix(row.StartedAt, 0).UTC(), Granted: row.Granted, Returned: row.Returned}
}

// clock returns the time of a test's clock, or nil if the server's clock is used.
func (r *KeyRepository) clock() *time.Time {
	if r.now == nil {
		return nil
	}
	at := codec.Encode(r.now())
	return &at
}

// Lease implements ports.LimitStore.
func (r *KeyRepository) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	bucket, seen := request.Bucket, request.Seen
	row, err := r.readCount(ctx, r.lease, bucket.Window.String(), max(bucket.Window.Length(), 1), r.clock(),
		string(bucket.KeyID), request.Max, request.Want, request.Need, bucket.Name,
		seenStart(seen), seen.GrantedToAll, seen.Returned)
	if err != nil {
		return ports.Lease{}, err
	}
	return limitcount.LeaseOf(bucket, row.count(), row.LastGranted, row.At), nil
}

// seenStart returns the start of the window that was seen, or a number that is not the
// start of any window.
func seenStart(seen ports.Lease) int64 {
	if seen.Start.IsZero() {
		return -1
	}
	return seen.Start.Unix()
}

// Peek implements ports.LimitStore.
func (r *KeyRepository) Peek(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	bucket := request.Bucket
	row, err := r.readCount(ctx, r.peek, bucket.Window.String(), max(bucket.Window.Length(), 1), r.clock(),
		string(bucket.KeyID), bucket.Name)
	if err != nil {
		return ports.Lease{}, err
	}
	count := row.count()
	if row.StartedAt < row.StartedNow {
		count = limitcount.Count{Start: time.Unix(row.StartedNow, 0).UTC()}
	}
	return limitcount.LeaseOf(bucket, count, 0, row.At), nil
}

// readCount returns the row that a statement returns. A statement that is sent again
// grants again; what it granted the first time stays unspent.
func (r *KeyRepository) readCount(ctx context.Context, statement *sqlkit.Statement, args ...any) (countRow, error) {
	return untilDone(ctx, func() (row countRow, err error) {
		err = translate(ctx, retrying(ctx, func(ctx context.Context) error {
			prepared, err := statement.Prepared(ctx)
			if err != nil {
				return err
			}
			return prepared.GetContext(ctx, &row, args...)
		}))
		return row, err
	})
}

// GiveBack implements ports.LimitStore. It has a transaction, because without one
// database/sql sends the statement again if the connection is lost, although the first
// sending may have been committed.
func (r *KeyRepository) GiveBack(ctx context.Context, shares []ports.Share) error {
	var ids, names, spans pq.StringArray
	var starts, amounts pq.Int64Array
	for _, share := range shares {
		ids = append(ids, string(share.Bucket.KeyID))
		names = append(names, share.Bucket.Name)
		spans = append(spans, share.Bucket.Window.String())
		starts = append(starts, share.Start.Unix())
		amounts = append(amounts, share.Amount)
	}
	_, err := untilDone(ctx, func() (struct{}, error) {
		return struct{}{}, translate(ctx, retrying(ctx, func(ctx context.Context) error {
			return r.transactWith(ctx, r.givingBack, func(tx transaction) error {
				return tx.exec(ctx, giveBack, ids, names, spans, starts, amounts)
			})
		}))
	})
	return err
}

// ForgetLimits implements ports.LimitStore.
func (r *KeyRepository) ForgetLimits(ctx context.Context, limit int) (int, error) {
	return untilDone(ctx, func() (int, error) {
		removed, err := onSound(func() (int64, error) {
			forget, err := r.forgetCounts.Prepared(ctx)
			if err != nil {
				return 0, err
			}
			done, err := forget.ExecContext(ctx, r.clock(), int64(limitcount.KeptFor/time.Second), max(limit, 0))
			if err != nil {
				return 0, err
			}
			return done.RowsAffected()
		})
		return int(removed), translate(ctx, err)
	})
}
