package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"time"

	"github.com/lib/pq"
)

// promptly marks the context of a read that is to end with it at once. lib/pq
// keeps a goroutine for each statement to watch the context; when that ends it
// asks the server over another connection to cancel, and still reads on from
// one that fell silent. What has to wait for no lock in the server does better
// with its connection cut. It must be part of no transaction.
func promptly(ctx context.Context) context.Context { return context.WithValue(ctx, prompt{}, prompt{}) }

type prompt struct{}

// promptConnector makes connections that heed promptly, and are given up when
// the context ends in which they are made.
type promptConnector struct {
	cfg   pq.Config
	limit time.Duration // of one read or write
}

// Driver implements driver.Connector.
func (promptConnector) Driver() driver.Driver { return pq.Driver{} }

// Connect implements driver.Connector.
func (c promptConnector) Connect(ctx context.Context) (driver.Conn, error) {
	dialer := &promptDialer{boundedDialer: boundedDialer{limit: c.limit}, whole: ctx}
	connector, err := newConnector(c.cfg, dialer)
	if err != nil {
		return nil, err
	}
	defer dialer.finish()
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	made := conn.(serverConn) //nolint:forcetypeassert // no other kind is made
	if _, err := made.ExecContext(context.WithoutCancel(ctx), bounded, nil); err != nil {
		return nil, errors.Join(err, made.Close())
	}
	return promptConn{serverConn: made, line: dialer.line}, nil
}

// promptDialer dials for one connection, host after host, and afterwards
// whenever lib/pq asks the server to cancel a statement of that connection.
type promptDialer struct {
	boundedDialer
	whole context.Context // of the connection, where DialContext is told of the dialing alone; nil: it is made
	line  *line           // the last that was dialled for it
	stop  func()          // watching whole; nil: nothing does
}

func (d *promptDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
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
	line *line
}

// IsValid implements driver.Validator.
func (c promptConn) IsValid() bool { return !c.line.isCut.Load() && c.serverConn.IsValid() }

// PrepareContext implements driver.ConnPrepareContext.
func (c promptConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	ctx, stop := c.line.heed(ctx)
	defer stop()
	prepared, err := c.serverConn.PrepareContext(ctx, query)
	if statement, ok := prepared.(serverStmt); ok && err == nil {
		return promptStmt{serverStmt: statement, line: c.line}, nil
	}
	return prepared, err
}

// serverStmt is what database/sql makes use of in a statement of lib/pq.
type serverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type promptStmt struct {
	serverStmt
	line *line
}

// QueryContext implements driver.StmtQueryContext.
func (s promptStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	ctx, stop := s.line.heed(ctx)
	rows, err := s.serverStmt.QueryContext(ctx, args)
	if err != nil {
		stop()
		return nil, err
	}
	return promptRows{Rows: rows, stop: stop}, nil
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

// heed cuts the connection when a context ends that is marked by promptly,
// unless stop is called before, and returns the one to tell lib/pq.
func (l *line) heed(ctx context.Context) (told context.Context, stop func()) {
	if ctx.Value(prompt{}) == nil {
		return ctx, func() {}
	}
	return context.WithoutCancel(ctx), l.cutAfter(ctx)
}
