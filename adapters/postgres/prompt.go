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

// promptly marks the context of a read that is to end with it at once. lib/pq
// keeps a goroutine for each statement to watch the context; when that ends it
// asks the server over another connection to cancel, and still reads on from
// one that fell silent. What has to wait for no lock in the server does better
// with its connection cut. It must be part of no transaction.
func promptly(ctx context.Context) context.Context { return context.WithValue(ctx, prompt{}, prompt{}) }

type prompt struct{}

// promptConnector makes connections that respect promptly and that sessions has
// found fit. It gives up when the context ends in which they are made.
type promptConnector struct {
	cfg      pq.Config
	limit    time.Duration // of one read or write; 0: none
	setup    string        // statements to run first, each with a semicolon behind it
	sessions *sessions
}

// Driver implements driver.Connector.
func (promptConnector) Driver() driver.Driver { return pq.Driver{} }

// Connect implements driver.Connector. database/sql calls it in a goroutine of
// its own too, where nobody could recover a panic.
func (c promptConnector) Connect(ctx context.Context) (driver.Conn, error) {
	return sqlkit.Contained("connecting to the server", func() (driver.Conn, error) { return c.connect(ctx) })
}

func (c promptConnector) connect(ctx context.Context) (driver.Conn, error) {
	begun := time.Now()
	dialer := &promptDialer{boundedDialer: boundedDialer{limit: c.limit}, whole: ctx}
	connector, err := newConnector(c.cfg, dialer)
	if err != nil {
		return nil, err
	}
	defer dialer.finish()
	conn, err := connector.Connect(ctx)
	if problem := lastingProblem(c.cfg, err); problem != "" {
		return nil, &UnfitError{Read: c.sessions.read, Problem: problem}
	}
	if err != nil {
		return nil, err
	}
	made := conn.(serverConn) //nolint:forcetypeassert // no other kind is made
	if err := c.sessions.examine(ctx, made, dialer.line, c.setup); err != nil {
		return nil, errors.Join(err, made.Close())
	}
	return &promptConn{serverConn: made, line: dialer.line, sessions: c.sessions, made: begun}, nil
}

// promptDialer dials for one connection, host after host, and afterwards
// whenever lib/pq asks the server to cancel a statement of that connection.
type promptDialer struct {
	boundedDialer
	whole context.Context // of the connection, where DialContext is told of the dialing alone; nil: it is made
	line  *line           // the last that was dialled for it
	stop  func()          // watching whole; nil: nothing does
	// pinned is the connection whose far end to dial, whatever its name leads
	// to now; nil: dial the address that is asked for.
	pinned *line
}

func (d *promptDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d.pinned != nil && address != d.pinned.asked {
		return nil, fmt.Errorf("postgres: %s is not the host to dial", address)
	}
	if d.whole == nil {
		return d.boundedDialer.DialContext(ctx, network, address)
	}
	dialled, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.unwatch()
	d.line, d.stop = dialled, dialled.cutAfter(d.whole)
	return dialled, nil
}

func (d *promptDialer) dial(ctx context.Context, network, address string) (*line, error) {
	if d.pinned == nil {
		return d.boundedDialer.dial(ctx, network, address)
	}
	far := d.pinned.RemoteAddr()
	dialled, err := d.boundedDialer.dial(ctx, far.Network(), far.String())
	if err == nil {
		dialled.asked = address
	}
	return dialled, err
}

// finish is called once the connection is made, or cannot be.
func (d *promptDialer) finish() {
	d.unwatch()
	d.whole = nil
}

func (d *promptDialer) unwatch() {
	if d.stop != nil {
		d.stop()
		d.stop = nil
	}
}

// serverConn is what database/sql makes use of in a connection of lib/pq.
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
	made     time.Time // when it began to be connected
	spoiled  bool      // its prepared statements are not what they were
}

// IsValid implements driver.Validator.
func (c *promptConn) IsValid() bool {
	return !c.spoiled && !c.line.isCut.Load() && !c.sessions.outdated(c.made) && c.serverConn.IsValid()
}

// ResetSession implements driver.SessionResetter. It refuses an idle connection
// that was recalled.
func (c *promptConn) ResetSession(ctx context.Context) error {
	if c.sessions.outdated(c.made) {
		return driver.ErrBadConn
	}
	return c.serverConn.ResetSession(ctx)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *promptConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	ctx, stop := c.line.cutWith(ctx)
	defer stop()
	prepared, err := c.serverConn.PrepareContext(ctx, query)
	if statement, ok := prepared.(serverStmt); ok && err == nil {
		return promptStmt{serverStmt: statement, conn: c}, nil
	}
	return prepared, c.noted(err)
}

// noted returns err. If it says that the prepared statements of the connection
// are not what they were, the connection is not used again, nor is any other
// that is as old.
func (c *promptConn) noted(err error) error {
	if spoiled(err) {
		c.spoiled = true
		c.sessions.recall()
	}
	return err
}

// serverStmt is what database/sql makes use of in a statement of lib/pq.
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
	ctx, stop := s.conn.line.cutWith(ctx)
	rows, err := s.serverStmt.QueryContext(ctx, args)
	if err != nil {
		stop()
		return nil, s.conn.noted(err)
	}
	return promptRows{Rows: rows, stop: stop}, nil
}

// ExecContext implements driver.StmtExecContext.
func (s promptStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	result, err := s.serverStmt.ExecContext(ctx, args)
	return result, s.conn.noted(err)
}

type promptRows struct {
	driver.Rows
	stop func()
}

// Close implements driver.Rows. It reads what is left.
func (r promptRows) Close() error {
	defer r.stop()
	return r.Rows.Close()
}

// cutWith cuts the connection when a context ends that is marked by promptly,
// unless stop is called before, and returns the one to tell lib/pq.
func (l *line) cutWith(ctx context.Context) (told context.Context, stop func()) {
	if ctx.Value(prompt{}) == nil {
		return ctx, func() {}
	}
	return context.WithoutCancel(ctx), l.cutAfter(ctx)
}
