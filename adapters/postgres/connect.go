package postgres

import (
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

const (
	maxConnections = 16
	// maxChanges is how many of them changes take: when a row is locked for
	// long, those that wait for it must leave some for what reads.
	maxChanges = 12
	// connectionLifetime bounds how long a connection outlives a failover, or
	// a change of an address behind a name.
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

// setup is run on each connection when it is made. It is not sent with the
// start of the connection, where poolers refuse what they do not know.
//
// A process that vanishes within a transaction must not keep its locks until TCP
// gives it up, and a change that waits for the lock of another one must not keep
// its connection until its deadline.
//
// Each statement looks rows up by an index. The planner would prefer to read a
// whole table while it believes the table to be small, and a prepared statement
// keeps that plan until the next ANALYZE, however the table grows.
const setup = `SET idle_in_transaction_session_timeout = '5s';
SET lock_timeout = '1s';
SET tcp_keepalives_idle = 15;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
`

func newPool(db *sql.DB, connections int) *sqlx.DB {
	pool := sqlx.NewDb(db, "postgres")
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(connectionLifetime)
	return pool
}
