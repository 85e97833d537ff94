package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Limits of a feed.
const (
	// feedLimit is how long one read or write may take during a poll.
	feedLimit = 500 * time.Millisecond
	// feedConnectTimeout bounds each attempt to connect to one host.
	feedConnectTimeout = time.Second
	// maxTold is the maximum number of events that one poll reads. If there are
	// more, the poll reports that every key may have changed.
	maxTold = 10_000
)

// pollChanges selects the keys with an event that is visible in the snapshot of this
// statement and was not in that of the last poll. Such events belong to transactions
// that had not begun in the last snapshot (at or past its xmax) or were in progress (in
// its xip). So each event is reported once, in whatever order transactions commit, and
// a transaction held open anywhere in the cluster neither hides an event nor makes
// polls slower.
//
// Transaction IDs that this cluster has not assigned yet come from a restored dump. The
// ranges and orders make the planner use the index, whatever its statistics say. The
// OIDs of the tables are read each time, because a restored dump replaces the tables
// and no event says so.
const pollChanges = `SELECT pg_is_in_recovery() AS standby,
CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline,
CASE WHEN pg_is_in_recovery() THEN 0 ELSE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint END AS position,
concat_ws(' ', to_regclass('api_keys')::oid, pg_relation_filenode(to_regclass('api_keys')),
to_regclass('api_key_secrets')::oid, pg_relation_filenode(to_regclass('api_key_secrets')),
to_regclass('api_key_events')::oid, pg_relation_filenode(to_regclass('api_key_events'))) AS tables,
pg_current_snapshot()::text AS snapshot,
pg_backend_pid() AS backend,
coalesce(pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax(?::pg_snapshot), false) AS rewound,
ARRAY(
(SELECT api_key_id FROM api_key_events
WHERE txid >= pg_snapshot_xmax(?::pg_snapshot) AND txid < pg_snapshot_xmax(pg_current_snapshot())
ORDER BY txid LIMIT ?)
UNION ALL
(SELECT e.api_key_id FROM pg_snapshot_xip(?::pg_snapshot) AS x (txid) CROSS JOIN LATERAL (
SELECT api_key_id FROM api_key_events WHERE txid >= x.txid AND txid <= x.txid ORDER BY txid LIMIT ?
) e LIMIT ?)
) AS changed`

var errStandby = errors.New("postgres: the server is a standby, which does not take the changes")

type pollRow struct {
	Standby  bool           `db:"standby"`
	Timeline string         `db:"timeline"`
	Position int64          `db:"position"` // past everything that the snapshot sees
	Tables   string         `db:"tables"`   // identifies the tables and their files
	Snapshot string         `db:"snapshot"`
	Backend  int            `db:"backend"` // the process that serves the session
	Rewound  bool           `db:"rewound"`
	Changed  pq.StringArray `db:"changed"`

	origin  origin    // read after it
	session int       // which connection of the feed it was read on
	sent    time.Time // before it was read
	writes  uint64    // of this process that had ended by then
}

// feed implements ports.ChangeFeed on its own connection, so that it never waits for
// one that serves requests. It never replaces that connection silently: a lost
// connection is the only sign that the server has crashed, and after a crash a server
// assigns transaction IDs again that the last snapshot has already seen.
type feed struct {
	pool *sqlx.DB
	idle chan struct{} // holds a token while no poll is in flight

	// Only the holder of the token in idle may access these.
	conn     *sqlx.Conn // nil if not connected
	poll     *sqlx.Stmt
	origin   *sqlx.Stmt // nil if nobody needs it
	sessions int        // connections made so far
	backend  int        // the process of the server that serves conn; 0 if not known yet

	// These are from the last successful poll.
	session  int
	timeline string
	tables   string
	snapshot sql.NullString

	listener *listener
	floors   *floors
	examined *sessions
}

// Follow implements ports.ChangeSource. The feed reads the primary, whichever
// host of the DSN it is.
func (r *KeyRepository) Follow() ports.ChangeFeed {
	f := &feed{idle: make(chan struct{}, 1), listener: r.listen(), floors: &r.floors, examined: r.sessions}
	f.idle <- struct{}{}
	cfg := r.cfg.Clone()
	cfg.TargetSessionAttrs = pq.TargetSessionAttrsPrimary
	cfg.ConnectTimeout = min(cfg.ConnectTimeout, feedConnectTimeout)
	f.pool = newPool(sql.OpenDB(promptConnector{cfg: cfg, limit: feedLimit, setup: setup, sessions: r.sessions}), 1)
	f.pool.SetConnMaxLifetime(0)
	return f
}

// Poll implements ports.ChangeFeed.
func (f *feed) Poll(ctx context.Context) (ports.Changes, error) {
	row, err := f.ask(ctx)
	if err != nil {
		return ports.Changes{}, err
	}
	var changes ports.Changes
	changes.Lost = f.replaced(row) || len(row.Changed) > maxTold
	if !changes.Lost {
		for _, id := range row.Changed {
			changes.Keys = append(changes.Keys, domain.KeyID(id))
		}
	}
	f.floors.raise(floor{origin: row.origin, timeline: row.Timeline, position: row.Position, sent: row.sent, writes: row.writes})
	f.session, f.timeline, f.tables = row.session, row.Timeline, row.Tables
	f.snapshot = sql.NullString{String: row.Snapshot, Valid: true}
	return changes, nil
}

// replaced reports whether row may come from a different database than the last poll:
// over another connection, from a server on another timeline or whose transaction IDs
// went back, or from tables that were replaced.
func (f *feed) replaced(row pollRow) bool {
	return !f.snapshot.Valid || row.session != f.session || row.Rewound || row.Timeline != f.timeline || row.Tables != f.tables
}

// ask polls. It first waits for an abandoned poll, which the limits of its
// connection end.
func (f *feed) ask(ctx context.Context) (pollRow, error) {
	last := f.snapshot
	return untilDone(ctx, func() (pollRow, error) {
		select {
		case <-f.idle:
		case <-ctx.Done():
			return pollRow{}, sqlkit.Unavailable(ctx.Err())
		}
		defer func() { f.idle <- struct{}{} }()
		row, err := sqlkit.Contained("polling the change feed", func() (pollRow, error) { return f.read(context.WithoutCancel(ctx), last) })
		if err != nil {
			f.hangUp()
		}
		return row, translate(ctx, err)
	})
}

// read gets a context that is not cancelled when the caller gives up: lib/pq
// would then open another connection to cancel the statement, and keep this one
// until that has ended.
func (f *feed) read(ctx context.Context, last sql.NullString) (pollRow, error) {
	if err := f.connect(ctx); err != nil {
		return pollRow{}, err
	}
	sent, writes := time.Now(), f.floors.writes.Load()
	var rows []pollRow
	if err := f.poll.SelectContext(ctx, &rows, last, last, maxTold+1, last, maxTold+1, maxTold+1); err != nil {
		return pollRow{}, err
	}
	if len(rows) != 1 {
		return pollRow{}, errUnexpected
	}
	row := rows[0]
	if f.backend != 0 && row.Backend != f.backend {
		return pollRow{}, f.examined.refuse(problemShared)
	}
	f.backend = row.Backend
	if row.Standby {
		return pollRow{}, errStandby
	}
	row.session, row.sent, row.writes = f.sessions, sent, writes
	if f.origin != nil {
		if err := f.origin.GetContext(ctx, &row.origin); err != nil {
			return pollRow{}, err
		}
	}
	return row, nil
}

func (f *feed) connect(ctx context.Context) (err error) {
	if f.conn != nil {
		return nil
	}
	if f.conn, err = f.pool.Connx(ctx); err != nil {
		return err
	}
	f.sessions++
	if f.poll, err = f.conn.PreparexContext(ctx, f.pool.Rebind(pollChanges)); err != nil || !f.floors.wanted {
		return err
	}
	f.origin, err = f.conn.PreparexContext(ctx, `SELECT `+selectOrigin)
	return err
}

// hangUp closes the connection, so that the next poll connects again and finds
// the primary if this server has been demoted.
func (f *feed) hangUp() {
	if f.conn != nil {
		_ = f.conn.Close() // back to the pool, which then drops it
		f.conn, f.poll, f.origin, f.backend = nil, nil, nil, 0
	}
	f.pool.SetMaxIdleConns(0)
	f.pool.SetMaxIdleConns(1)
}

// Wake implements ports.ChangeFeed.
func (f *feed) Wake() <-chan struct{} { return f.listener.wake }

// Close implements ports.ChangeFeed.
func (f *feed) Close() error {
	err := f.listener.close()
	<-f.idle // an abandoned poll ends by the limits of its connection
	f.hangUp()
	return errors.Join(err, f.pool.Close())
}
