package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/lib/pq"
)

// lentConnections is the number of connections that a repository uses at most: its
// pool, two to migrate, one to poll and one to examine others.
const lentConnections = maxConnections + 4

// OpenDB returns the repository of a database that the caller opened with
// github.com/lib/pq, as with [Open] but without a URL. It connects when it is first
// used. Closing the repository does not close db.
//
// The repository takes up to 20 connections out of db, each for up to 30 minutes, and
// sets parameters of their sessions, so db closes them when they are returned. OpenDB
// returns an [*UnfitError] if db has another driver, or a wrapper around lib/pq, or if
// the limit of db ([sql.DB.SetMaxOpenConns]) is below 20. Other users of db need
// connections beyond these.
//
// The connections must lead to one server, which accepts writes, directly or through a
// pooler in session mode. Two promises of [Open] are weaker. Changes made by other
// processes are not notified, so they are seen at the next poll of the feed, which is
// every 200 ms. And a commit on a connection that falls silent occupies that connection
// until the operating system gives it up.
func OpenDB(_ context.Context, db *sql.DB, opts ...Option) (*KeyRepository, error) {
	o := newOptions(opts)
	switch limit := db.Stats().MaxOpenConnections; {
	case o.standby != nil:
		return nil, &UnfitError{DB: true, Problem: "cannot be combined with a standby; use Open"}
	case limit > 0 && limit < lentConnections:
		return nil, &UnfitError{DB: true, Problem: fmt.Sprintf("allows %d open connections; allow %d more than its other users need", limit, lentConnections)}
	}
	switch db.Driver().(type) {
	case *pq.Driver, pq.Driver:
	default:
		return nil, &UnfitError{DB: true, Problem: fmt.Sprintf("has the driver %T; open it with github.com/lib/pq, without a wrapper", db.Driver())}
	}
	return open("", pq.Config{}, db, o)
}

// lend takes a connection out of db until it is closed.
func lend(ctx context.Context, db *sql.DB, limit time.Duration) (*lentConn, *line, error) {
	held, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	c := &lentConn{over: make(chan struct{}), returned: make(chan struct{})}
	lent := make(chan bool, 1)
	go func() {
		defer close(c.returned)
		// A connection may be used only while the function of Raw runs.
		_ = held.Raw(func(made any) error {
			var ok bool
			c.serverConn, ok = made.(serverConn)
			lent <- ok
			if ok {
				<-c.over
			}
			return driver.ErrBadConn // so that db closes it
		})
		_ = held.Close()
		close(lent)
	}()
	if !<-lent {
		return nil, nil, errUnexpected
	}
	return c, &line{Conn: lentLine{c.serverConn}, statements: limit}, nil
}

// lentConn is a connection out of a caller's pool.
type lentConn struct {
	serverConn

	once           sync.Once
	over, returned chan struct{}
}

// Close implements driver.Conn.
func (c *lentConn) Close() error {
	c.once.Do(func() { close(c.over) })
	<-c.returned
	return nil
}

// lentLine is the network connection of a lent connection, which only lib/pq can
// access. Closing it makes reads in flight fail.
type lentLine struct{ conn driver.Conn }

func (l lentLine) Close() error { return l.conn.Close() }

func (lentLine) RemoteAddr() net.Addr { return &net.UnixAddr{Name: "lent"} }

func (lentLine) LocalAddr() net.Addr { return &net.UnixAddr{Name: "lent"} }

func (lentLine) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (lentLine) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (lentLine) SetDeadline(time.Time) error { return errors.ErrUnsupported }

func (lentLine) SetReadDeadline(time.Time) error { return errors.ErrUnsupported }

func (lentLine) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// borrow takes a connection out of the caller's pool.
func (c promptConnector) borrow(ctx context.Context, begun time.Time) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout) // the caller's pool may be exhausted
	defer cancel()
	lent, at, err := lend(ctx, c.sessions.db, c.limit)
	if err != nil {
		return nil, err
	}
	stop := at.closeAfter(ctx)
	err = c.sessions.examine(ctx, lent, at, schemaOf(c.cfg).setup()+c.setup)
	stop()
	if err != nil {
		return nil, errors.Join(err, lent.Close())
	}
	return &promptConn{serverConn: lent, line: at, sessions: c.sessions, made: begun}, nil
}
