package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// witnessLifetime limits how long a witness is used, because its address may come to
// lead elsewhere.
const witnessLifetime = time.Minute

// sessions examines connections: each must be a separate session, in a database
// that can store every name. It is safe for concurrent use.
//
// Prepared statements are numbered per client connection. Behind a pooler that
// shares its server connections, a number means whatever another client has
// prepared under it.
type sessions struct {
	cfg    pq.Config
	db     *sql.DB // lends the connections; if nil, they are made from cfg
	read   bool    // whether they belong to the read database URL
	logger *slog.Logger
	limit  time.Duration // how long the witness may be silent

	// turn contains the witness while nobody uses it.
	turn chan *witness

	unfit atomic.Bool
	// recalled is an instant in Unix nanoseconds: connections that were made
	// before it are not used again.
	recalled atomic.Int64
}

func newSessions(cfg pq.Config, db *sql.DB, read bool, o options) *sessions {
	s := &sessions{cfg: cfg, db: db, read: read, logger: o.logger, limit: o.silence, turn: make(chan *witness, 1)}
	s.turn <- new(witness)
	return s
}

// close waits for the examination in flight and closes the witness.
func (s *sessions) close() {
	w := <-s.turn
	w.hangUp()
	s.turn <- w
}

// recall closes all existing connections as soon as they are not in use. It does so at
// most once a second, so that a failure that persists on new connections does not close
// all of them at every request.
func (s *sessions) recall() {
	last, now := s.recalled.Load(), time.Now().UnixNano()
	if now-last > int64(time.Second) {
		s.recalled.CompareAndSwap(last, now)
	}
}

// outdated reports whether a connection that was made at that time has been
// recalled since.
func (s *sessions) outdated(made time.Time) bool { return made.UnixNano() < s.recalled.Load() }

// examine returns an [*UnfitError] if the store must not use conn. It runs setup
// on conn first.
func (s *sessions) examine(ctx context.Context, conn serverConn, at *line, setup string) error {
	problem, err := s.problem(ctx, conn, at, setup)
	switch {
	case err != nil:
		return err
	case problem == "":
		if s.unfit.CompareAndSwap(true, false) {
			s.logger.Info("the database can be used again")
		}
		return nil
	}
	return s.refuse(problem)
}

// refuse returns problem as an error, and recalls all existing connections.
func (s *sessions) refuse(problem string) error {
	s.recalled.Store(time.Now().UnixNano())
	unfit := &UnfitError{Read: s.read, DB: s.db != nil, Concern: ConcernEncoding, Problem: problem}
	if problem == problemShared {
		unfit.Concern = ConcernPooler
	}
	if s.unfit.CompareAndSwap(false, true) {
		s.logger.Error("the database cannot be used", "error", unfit)
	}
	return unfit
}

func (s *sessions) problem(ctx context.Context, conn serverConn, at *line, setup string) (string, error) {
	statement := "apikeys_" + strings.ToLower(rand.Text())
	encoding, err := queryText(conn, setup+`PREPARE `+statement+` AS SELECT 1; SELECT current_setting('server_encoding')`)
	if err != nil {
		return "", err
	}
	if encoding != "UTF8" {
		return fmt.Sprintf(problemEncoding, encoding), nil
	}
	shared, err := s.shared(ctx, conn, at, statement)
	if err != nil {
		return "", err
	}
	if shared {
		return problemShared, nil
	}
	_, err = conn.ExecContext(context.Background(), `DEALLOCATE `+statement, nil)
	if failed := asServerError(err); failed != nil && failed.Code == pqerror.InvalidSQLStatementName {
		return problemShared, nil
	}
	return "", err
}

// shared reports whether conn shares its session with other clients: whether
// another client sees what conn has prepared, or conn does not see it.
//
// The order of the queries always detects a pooler that has no other clients, whether
// it hands out the connection that was used most or least recently. With a busy pooler,
// each query is another chance to detect it.
func (s *sessions) shared(ctx context.Context, conn serverConn, at *line, statement string) (shared bool, err error) {
	var w *witness
	select {
	case w = <-s.turn:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() {
		if err != nil {
			w.hangUp()
		}
		s.turn <- w
	}()
	look := `SELECT count(*) FROM pg_prepared_statements WHERE name = '` + statement + `'`
	other := func() (string, error) { return w.query(ctx, s, at, look) }
	own := func() (string, error) { return queryText(conn, look) }
	for _, step := range []struct {
		look func() (string, error)
		want string
	}{{other, "0"}, {own, "1"}, {other, "0"}, {other, "0"}, {own, "1"}} {
		seen, err := step.look()
		if err != nil || seen != step.want {
			return err == nil, err
		}
	}
	return false, nil
}

// witness is the connection that others are compared with.
type witness struct {
	conn serverConn // nil if not connected
	line *line
	made time.Time
}

// query runs a query on the witness, which is connected to the same address as at. An
// existing connection may have been closed in the meantime, so it reconnects if the
// query fails.
func (w *witness) query(ctx context.Context, s *sessions, at *line, query string) (string, error) {
	if w.conn != nil && w.line.asked == at.asked && w.line.RemoteAddr().String() == at.RemoteAddr().String() && time.Since(w.made) < witnessLifetime {
		defer w.line.closeAfter(ctx)()
		defer w.line.closeAfterStatement()()
		if text, err := queryText(w.conn, query); err == nil {
			return text, nil
		}
	}
	if err := w.connect(ctx, s, at); err != nil {
		return "", err
	}
	defer w.line.closeAfter(ctx)()
	defer w.line.closeAfterStatement()()
	return queryText(w.conn, query)
}

func (w *witness) connect(ctx context.Context, s *sessions, at *line) error {
	w.hangUp()
	if s.db != nil {
		lent, line, err := lend(ctx, s.db, s.limit)
		if err == nil {
			w.conn, w.line, w.made = lent, line, time.Now()
		}
		return err
	}
	cfg := s.cfg.Clone()
	cfg.TargetSessionAttrs = pq.TargetSessionAttrsAny
	dialer := &promptDialer{limit: s.limit, connecting: ctx, pinned: at}
	defer dialer.connected()
	connector, err := newConnector(cfg, dialer)
	if err != nil {
		return err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return err
	}
	w.conn, w.line, w.made = conn.(serverConn), dialer.line, time.Now() //nolint:forcetypeassert // lib/pq makes no other kind
	return nil
}

func (w *witness) hangUp() {
	if w.conn != nil {
		_ = w.conn.Close()
	}
	*w = witness{}
}

// queryText returns the only value that the last statement of query returns, as
// text. The query ends with the limits of its connection.
func queryText(conn serverConn, query string) (text string, err error) {
	rows, err := conn.QueryContext(context.Background(), query, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	value := make([]driver.Value, len(rows.Columns()))
	if len(value) != 1 {
		return "", errUnexpected
	}
	if err := rows.Next(value); err != nil {
		if errors.Is(err, io.EOF) {
			err = errUnexpected
		}
		return "", err
	}
	switch v := value[0].(type) {
	case []byte:
		return string(v), nil
	default:
		return fmt.Sprint(v), nil
	}
}

// errUnexpected is the error of a response that a PostgreSQL server does not
// send.
var errUnexpected = errors.New("postgres: unexpected answer of the server")
