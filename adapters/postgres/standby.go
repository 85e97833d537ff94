package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Limits of reads from a standby. If it does not respond soon, the primary is read,
// within the deadline that the caller sets for both.
const (
	standbyReaders        = 12 // as many as the permission check reads at once
	standbyTimeout        = 250 * time.Millisecond
	standbyConnectTimeout = time.Second
	restAfterFailure      = time.Second
	restBehind            = 20 * time.Millisecond
	restForeign           = 30 * time.Second
	standbyExamination    = 2 * time.Second
)

// replayed selects whether a server is a standby, its origin, and its position
// and timeline. The timeline of its last checkpoint is the one that it replays,
// or, for a while after a failover, the previous one.
const replayed = `SELECT pg_is_in_recovery() AS standby,
coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::bigint AS position,
lpad(upper(to_hex(timeline_id)), 8, '0') AS timeline,
` + selectOrigin + `
FROM pg_control_checkpoint()`

// standby reads keys from replicas of the primary, if they have replayed
// everything that the feed has reported.
type standby struct {
	pool     *sqlx.DB
	sessions *sessions
	floors   *floors
	idle     chan *standbyReader
	resting  atomic.Pointer[time.Time] // the time until which the standby is not read
	foreign  atomic.Bool               // whether it was logged that it follows another database
	logger   *slog.Logger
}

// standbyReader is a connection, which leads to one server for as long as it
// lasts, and the last known progress of that server. The position of a server
// only goes back if the server also closes its connections.
type standbyReader struct {
	conn           *sqlx.Conn // nil if not connected
	find, replayed *sqlx.Stmt
	progress       progress
}

// progress is a row of [replayed].
type progress struct {
	Standby  bool   `db:"standby"`
	Position int64  `db:"position"`
	Timeline string `db:"timeline"`
	origin
}

// openStandby uses the schema of the primary, unless dsn names one.
func openStandby(dsn string, primary schema, floors *floors, o options) (*standby, error) {
	cfg, err := parseStandbyDSN(dsn)
	if err != nil {
		return nil, err
	}
	if schemaOf(cfg) == "" && primary != "" {
		cfg = cfg.Clone()
		cfg.Runtime[searchPath] = string(primary)
	}
	sessions := newSessions(cfg, nil, true, o)
	connector := promptConnector{cfg: cfg, limit: 2 * standbyTimeout, sessions: sessions}
	s := &standby{
		pool:     newPool(traces(o.provider).OpenDB(connector), standbyReaders),
		sessions: sessions,
		floors:   floors,
		logger:   o.logger,
		idle:     make(chan *standbyReader, standbyReaders),
	}
	for range standbyReaders {
		s.idle <- new(standbyReader)
	}
	return s, nil
}

// Find returns the key, or false if the primary must be read. That includes
// keys that are not found, because they may not have been replicated yet.
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

var (
	// errLate means that the caller had left when the connection was made. The next
	// caller uses that connection.
	errLate   = errors.New("postgres: the standby was connected too late")
	errBehind = errors.New("postgres: the standby is behind")
	// errForeign means that a server does not replicate the primary.
	errForeign = &UnfitError{Read: true, Problem: problemForeign}
)

// read checks the progress of the server before it reads the key. One statement
// for both could return a key that is older than the progress.
func (s *standby) read(ctx context.Context, r *standbyReader, needed floor, id domain.KeyID) (*domain.APIKey, error) {
	key, err := r.read(ctx, s.pool, needed, id)
	if err != nil && !errors.Is(err, errLate) && !errors.Is(err, errBehind) && !errors.Is(err, domain.ErrKeyNotFound) {
		r.hangUp()
	}
	return key, err
}

func (r *standbyReader) read(ctx context.Context, pool *sqlx.DB, needed floor, id domain.KeyID) (*domain.APIKey, error) {
	if err := r.connect(ctx, pool); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errLate
	}
	if r.progress.reaches(needed) != nil {
		if err := r.look(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.progress.reaches(needed); err != nil {
		return nil, err
	}
	rows, err := sqlkit.SelectKeysOn[time.Time](ctx, r.find, string(id))
	if err != nil {
		return nil, err
	}
	return codec.Key(rows)
}

// reaches returns nil if p includes what is needed, [errBehind] if it may
// later, and [errForeign] if it never will.
func (p progress) reaches(needed floor) error {
	switch {
	case p.Database != needed.origin.Database:
		return errForeign
	case !p.Standby, p.Timeline != needed.timeline, p.Position < needed.position:
		return errBehind // it may be a former primary
	case p.Tables != needed.origin.Tables:
		return errForeign
	}
	return nil
}

// look reads the progress of the server.
func (r *standbyReader) look(ctx context.Context) error {
	r.progress = progress{}
	var rows []progress
	if err := r.replayed.SelectContext(ctx, &rows); err != nil {
		return err
	}
	if len(rows) != 1 {
		return errUnexpected
	}
	r.progress = rows[0]
	return nil
}

// connect does not respect ctx, because connecting takes longer than most callers wait.
func (r *standbyReader) connect(ctx context.Context, pool *sqlx.DB) (err error) {
	if r.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), standbyConnectTimeout)
	defer cancel()
	if r.conn, err = pool.Connx(ctx); err != nil {
		return err
	}
	if r.replayed, err = r.conn.PreparexContext(ctx, replayed); err != nil {
		return err
	}
	r.find, err = r.conn.PreparexContext(ctx, pool.Rebind(sqlkit.FindKey))
	return err
}

// hangUp closes the connection.
func (r *standbyReader) hangUp() {
	if r.conn != nil {
		_ = r.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = r.conn.Close()
	}
	*r = standbyReader{}
}

// examine returns an [*UnfitError] if the standby cannot be used with a primary
// of that origin. It returns nil if the standby does not respond, because the
// standby is optional.
func (s *standby) examine(ctx context.Context, primary origin) error {
	ctx, cancel := context.WithTimeout(ctx, standbyExamination)
	defer cancel()
	_, err := untilDone(ctx, func() (struct{}, error) {
		r := new(standbyReader)
		defer r.hangUp()
		if err := r.connect(ctx, s.pool); err != nil {
			return struct{}{}, err
		}
		if err := r.look(ctx); err != nil {
			return struct{}{}, err
		}
		if r.progress.Database != primary.Database {
			return struct{}{}, errForeign
		}
		return struct{}{}, nil
	})
	if unfit, ok := errors.AsType[*UnfitError](err); ok {
		return unfit
	}
	return nil
}

func (s *standby) rests() bool {
	until := s.resting.Load()
	return until != nil && time.Now().Before(*until)
}

// restAfter stops reads from the standby for a while after err, so that callers do not
// waste time on it. It logs once that a server does not replicate the primary.
func (s *standby) restAfter(err error) {
	var rest time.Duration
	switch {
	case err == nil, errors.Is(err, domain.ErrKeyNotFound):
		if s.foreign.CompareAndSwap(true, false) {
			s.logger.Info("the read database follows the primary again")
		}
		return
	case errors.Is(err, errForeign):
		rest = restForeign
		if s.foreign.CompareAndSwap(false, true) {
			s.logger.Error("the read database is not used; every key is read from the primary", "error", err)
		}
	case errors.Is(err, errBehind):
		rest = restBehind
	default:
		rest = restAfterFailure
	}
	until := time.Now().Add(rest)
	s.resting.Store(&until)
}

// Close waits for reads in flight and closes the connections.
func (s *standby) Close() error {
	for range standbyReaders {
		(<-s.idle).hangUp()
	}
	s.sessions.close()
	return s.pool.Close()
}
