package postgres

import (
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

const (
	maxConnections = 16
	// maxChanges is how many of them changes may use. While a row is locked for long,
	// the changes that wait for it must leave connections for reads.
	maxChanges = 12
	// connectionLifetime bounds how long a connection is used after a failover, or
	// after the address of its host has changed.
	connectionLifetime = 30 * time.Minute
	connectTimeout     = 5 * time.Second
)

func newConnector(cfg pq.Config, dialer pq.Dialer) (*pq.Connector, error) {
	connector, err := pq.NewConnectorConfig(withoutSchema(cfg))
	if err != nil {
		return nil, &UnfitError{Problem: problemUnreadable}
	}
	if dialer != nil {
		connector.Dialer(dialer)
	}
	return connector, nil
}

// setup is run on each new connection. It is not sent in the startup message,
// because poolers reject parameters that they do not know.
//
// A process that vanishes within a transaction must not keep its locks until
// TCP times out, and a change that waits for another one's lock must not occupy
// its connection until its deadline.
//
// Every statement looks up rows by an index, so sequential scans are discouraged: the
// planner prefers to scan a whole table as long as it believes the table to be small,
// and a prepared statement keeps that plan until the next ANALYZE, however much the
// table grows. This makes scanning a small table without an index appear so expensive
// that the server would first compile the statement, for tens of milliseconds, so that
// is turned off too.
const setup = `SET idle_in_transaction_session_timeout = '5s';
SET lock_timeout = '1s';
SET tcp_keepalives_idle = 15;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET jit = off;
`

func newPool(db *sql.DB, connections int) *sqlx.DB {
	pool := sqlx.NewDb(db, "postgres")
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(connectionLifetime)
	return pool
}
