package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// This file makes a connection end when the context of its caller does. lib/pq alone
// does not: while it connects, it passes the context to the dialer only; and when the
// context of a query ends, it asks the server over another connection to cancel, and
// keeps reading from this one, which holds its place in the pool for as long as the
// server is silent. A check that waits for 200 ms would occupy a connection for 3 s
// (see ADR 0017).

// promptly marks the context of a read whose connection is closed when the
// context ends. Use it only for reads that wait for no lock and are part of no
// transaction: a server that waits for a lock does not notice that its client
// has gone, so lib/pq must ask it to cancel.
func promptly(ctx context.Context) context.Context { return context.WithValue(ctx, prompt{}, prompt{}) }

type prompt struct{}

// promptConnector opens connections that respect promptly and that sessions has found
// usable. Connecting ends when its context does.
type promptConnector struct {
	cfg      pq.Config
	limit    time.Duration // of one read or write; 0 means none
	setup    string        // statements to run first, each followed by a semicolon
	sessions *sessions
}

// Driver implements driver.Connector.
func (promptConnector) Driver() driver.Driver { return pq.Driver{} }

// Connect implements driver.Connector. It recovers from panics, because
// database/sql also calls it in a goroutine of its own.
func (c promptConnector) Connect(ctx context.Context) (driver.Conn, error) {
	return sqlkit.Contained("connecting to the server", func() (driver.Conn, error) { return c.connect(ctx) })
}

func (c promptConnector) connect(ctx context.Context) (driver.Conn, error) {
	begun := time.Now()
	if c.sessions.db != nil {
		return c.borrow(ctx, begun)
	}
	dialer := &promptDialer{limit: c.limit, connecting: ctx}
	connector, err := newConnector(c.cfg, dialer)
	if err != nil {
		return nil, err
	}
	defer dialer.connected()
	conn, err := connector.Connect(ctx)
	if problem := lastingProblem(c.cfg, err); problem != "" {
		return nil, &UnfitError{Read: c.sessions.read, Problem: problem}
	}
	if err != nil {
		return nil, err
	}
	made := conn.(serverConn) //nolint:forcetypeassert // lib/pq makes no other kind
	if err := c.sessions.examine(ctx, made, dialer.line, schemaOf(c.cfg).setup()+c.setup); err != nil {
		return nil, errors.Join(err, made.Close())
	}
	return &promptConn{serverConn: made, line: dialer.line, sessions: c.sessions, made: begun}, nil
}

// promptDialer dials for one connection: each of its hosts until one accepts, and
// later whenever lib/pq asks the server to cancel a statement.
type promptDialer struct {
	pq.Dialer                  // nil: lib/pq calls DialContext instead of its methods
	limit      time.Duration   // of one read or write; 0 means none
	connecting context.Context // closes the line when it ends; nil once connected
	line       *line           // the last one dialled while connecting
	stop       func()          // if called, the end of connecting no longer closes line; may be nil
	pinned     *line           // if not nil, dial only its address, and its server
}

// DialContext implements pq.DialerContext. Its context ends before the handshake.
func (d *promptDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	asked := address
	if d.pinned != nil {
		if asked != d.pinned.asked {
			return nil, fmt.Errorf("postgres: %s is not the host to dial", asked)
		}
		server := d.pinned.RemoteAddr()
		network, address = server.Network(), server.String()
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	dialled := &line{Conn: conn, limit: d.limit, asked: asked}
	if d.connecting != nil {
		d.unwatch()
		d.line, d.stop = dialled, dialled.closeAfter(d.connecting)
	}
	return dialled, nil
}

// connected must be called when connecting has succeeded or failed.
func (d *promptDialer) connected() {
	d.unwatch()
	d.connecting = nil
}

func (d *promptDialer) unwatch() {
	if d.stop != nil {
		d.stop()
		d.stop = nil
	}
}

// serverConn is what database/sql uses of a connection of lib/pq.
type serverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type promptConn struct {
	serverConn
	line     *line
	sessions *sessions
	made     time.Time // when connecting began
	spoiled  bool      // whether its prepared statements are unreliable
}

// IsValid implements driver.Validator.
func (c *promptConn) IsValid() bool {
	return !c.spoiled && !c.line.closed.Load() && !c.sessions.outdated(c.made) && c.serverConn.IsValid()
}

// ResetSession implements driver.SessionResetter. It rejects an idle connection
// that was recalled.
func (c *promptConn) ResetSession(ctx context.Context) error {
	if c.sessions.outdated(c.made) {
		return driver.ErrBadConn
	}
	return c.serverConn.ResetSession(ctx)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *promptConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	ctx, stop := c.line.closeWith(ctx)
	defer stop()
	defer c.line.closeAfterStatement()()
	prepared, err := c.serverConn.PrepareContext(ctx, query)
	if statement, ok := prepared.(serverStmt); ok && err == nil {
		return promptStmt{serverStmt: statement, conn: c}, nil
	}
	return prepared, c.noted(err)
}

// noted returns err. If it says that the prepared statements of the connection
// cannot be relied on, neither this connection nor an older one is used again.
func (c *promptConn) noted(err error) error {
	if spoiled(err) {
		c.spoiled = true
		c.sessions.recall()
	}
	return err
}

// serverStmt is what database/sql uses of a statement of lib/pq.
type serverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type promptStmt struct {
	serverStmt
	conn *promptConn
}

// QueryContext implements driver.StmtQueryContext.
func (s promptStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	defer s.conn.line.closeAfterStatement()()
	ctx, stop := s.conn.line.closeWith(ctx)
	rows, err := s.serverStmt.QueryContext(ctx, args)
	if err != nil {
		stop()
		return nil, s.conn.noted(err)
	}
	return promptRows{Rows: rows, stop: stop}, nil
}

// ExecContext implements driver.StmtExecContext.
func (s promptStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	defer s.conn.line.closeAfterStatement()()
	result, err := s.serverStmt.ExecContext(ctx, args)
	return result, s.conn.noted(err)
}

type promptRows struct {
	driver.Rows
	stop func()
}

// Close implements driver.Rows. It reads the remaining rows.
func (r promptRows) Close() error {
	defer r.stop()
	return r.Rows.Close()
}
