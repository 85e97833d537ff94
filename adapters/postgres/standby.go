package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Bounds of reads from a standby. What it does not answer soon the primary is
// asked, within the time that the caller gives for both.
const (
	standbyReaders        = 12 // as many as the permission check reads at once
	standbyTimeout        = 250 * time.Millisecond
	standbyConnectTimeout = time.Second
	restAfterFailure      = time.Second
	restBehind            = 20 * time.Millisecond
)

// replayed tells how far a standby has got, and on which timeline; no row says
// anything of a server that is none. That of its last checkpoint is of the
// timeline that it replays, or, for a while after a failover, of the one before.
const replayed = `SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint AS position,
lpad(upper(to_hex(timeline_id)), 8, '0') AS timeline
FROM pg_control_checkpoint() WHERE pg_is_in_recovery()`

// standby reads keys from servers that follow the primary, as far as they
// prove to know all that the feed has told.
type standby struct {
	pool     *sqlx.DB
	sessions *sessions
	floors   *floors
	idle     chan *standbyReader
	resting  atomic.Pointer[time.Time] // until when the standby is not asked
}

// standbyReader is one connection, which is to one server as long as it lasts,
// and what is known of that. A position is only gone back from by a server that
// ends its connections.
type standbyReader struct {
	conn           *sqlx.Conn // nil: to be connected
	find, replayed *sqlx.Stmt
	timeline       string
	position       int64
}

func openStandby(dsn string, floors *floors, o options) (*standby, error) {
	cfg, err := parseStandbyDSN(dsn)
	if err != nil {
		return nil, err
	}
	sessions := newSessions(cfg, true, o.logger)
	connector := promptConnector{cfg: cfg, limit: 2 * standbyTimeout, sessions: sessions}
	s := &standby{
		pool:     newPool(traces(o.provider).OpenDB(connector), standbyReaders),
		sessions: sessions,
		floors:   floors,
		idle:     make(chan *standbyReader, standbyReaders),
	}
	for range standbyReaders {
		s.idle <- new(standbyReader)
	}
	return s, nil
}

// Find returns the key, and false when the primary has to be asked: for a key
// that is not there, too, since it may only not be there yet.
func (s *standby) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, bool) {
	needed, known := s.floors.now()
	if !known || s.rests() {
		return nil, false
	}
	select {
	case r := <-s.idle:
		ctx, cancel := context.WithTimeout(ctx, standbyTimeout)
		defer cancel()
		key, err := untilDone(ctx, func() (*domain.APIKey, error) {
			defer func() { s.idle <- r }()
			return s.read(ctx, r, needed, id)
		})
		s.restAfter(err)
		return key, err == nil
	default: // all are busy, or hang
		return nil, false
	}
}

var errBehind = errors.New("postgres: the standby is behind")

// read looks first how far the server has got, and only then at the key: in
// one statement the key would be of a moment before.
func (s *standby) read(ctx context.Context, r *standbyReader, needed floor, id domain.KeyID) (*domain.APIKey, error) {
	key, err := r.read(ctx, s.pool, needed, id)
	if err != nil && !errors.Is(err, errBehind) && !errors.Is(err, domain.ErrKeyNotFound) {
		r.hangUp()
	}
	return key, err
}

func (r *standbyReader) read(ctx context.Context, pool *sqlx.DB, needed floor, id domain.KeyID) (*domain.APIKey, error) {
	if err := r.connect(ctx, pool); err != nil {
		return nil, err
	}
	if !r.knows(needed) {
		if err := r.look(ctx); err != nil {
			return nil, err
		}
	}
	if !r.knows(needed) {
		return nil, errBehind
	}
	rows, err := sqlkit.SelectKeysOn[time.Time](ctx, r.find, string(id))
	if err != nil {
		return nil, err
	}
	return codec.Key(rows)
}

func (r *standbyReader) knows(needed floor) bool {
	return r.timeline == needed.timeline && r.position >= needed.position
}

// look learns how far the server has got.
func (r *standbyReader) look(ctx context.Context) error {
	r.timeline, r.position = "", 0
	var position sql.NullInt64
	switch err := r.replayed.QueryRowContext(ctx).Scan(&position, &r.timeline); {
	case errors.Is(err, sql.ErrNoRows): // a primary, which may be one that was given up
		return errBehind
	case err != nil:
		return err
	}
	r.position = position.Int64
	return nil
}

func (r *standbyReader) connect(ctx context.Context, pool *sqlx.DB) (err error) {
	if r.conn != nil {
		return nil
	}
	if r.conn, err = pool.Connx(ctx); err != nil {
		return err
	}
	if r.replayed, err = r.conn.PreparexContext(ctx, replayed); err != nil {
		return err
	}
	r.find, err = r.conn.PreparexContext(ctx, pool.Rebind(sqlkit.FindKey))
	return err
}

// hangUp gives the connection up for good.
func (r *standbyReader) hangUp() {
	if r.conn != nil {
		_ = r.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = r.conn.Close()
	}
	*r = standbyReader{}
}

func (s *standby) rests() bool {
	until := s.resting.Load()
	return until != nil && time.Now().Before(*until)
}

// restAfter spares a standby that does not answer, and the callers who would
// wait for it.
func (s *standby) restAfter(err error) {
	var rest time.Duration
	switch {
	case err == nil, errors.Is(err, domain.ErrKeyNotFound):
		return
	case errors.Is(err, errBehind):
		rest = restBehind
	default:
		rest = restAfterFailure
	}
	until := time.Now().Add(rest)
	s.resting.Store(&until)
}

// Close waits for the reads under way and ends the connections.
func (s *standby) Close() error {
	for range standbyReaders {
		(<-s.idle).hangUp()
	}
	s.sessions.close()
	return s.pool.Close()
}
