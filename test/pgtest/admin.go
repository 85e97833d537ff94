package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "github.com/lib/pq" // the driver the databases are made through
)

// adminTimeout is the timeout of one statement, so that a dead server fails a test
// instead of blocking it.
const adminTimeout = 30 * time.Second

// admin is a connection URL of an account that may create databases.
type admin struct {
	at url.URL
	// pool keeps connections for statements of the server that tests share. If it is
	// nil, each statement has a new connection, so that none stays open between calls
	// and restarts of the server do not matter.
	pool *sql.DB
	// copies makes the server copy the files of a template instead of writing its pages
	// to the log, which takes half the processor time in memory, but waits for a disk.
	copies bool
}

// parseAdmin parses the URL of a running server. A missing sslmode defaults to
// disable.
func parseAdmin(given string) (admin, error) {
	at, err := url.Parse(given)
	if err != nil || (at.Scheme != "postgres" && at.Scheme != "postgresql") {
		// Do not quote the URL, which may contain a password.
		return admin{}, fmt.Errorf("%s is not a postgres:// URL", urlVariable)
	}
	query := at.Query()
	if !query.Has("sslmode") {
		query.Set("sslmode", "disable")
		at.RawQuery = query.Encode()
	}
	return admin{at: *at}, nil
}

// url returns the URL of the database db.
func (a admin) url(db string) string {
	at := a.at
	at.Path = "/" + db
	return at.String()
}

// create creates a database with a unique name, as a copy of template, to which nobody
// must be connected.
func (a admin) create(template string) (db string, err error) {
	db = "apikeys_test_" + strings.ToLower(rand.Text())
	statement := "CREATE DATABASE " + db + " TEMPLATE " + template
	if a.copies {
		statement += " STRATEGY FILE_COPY"
	}
	if err := a.exec(statement); err != nil {
		return "", fmt.Errorf("create a database: %w", err)
	}
	return db, nil
}

// drop drops the database and closes all connections to it.
func (a admin) drop(db string) error {
	if err := a.exec("DROP DATABASE IF EXISTS " + db + " WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop the database: %w", err)
	}
	return nil
}

// exec executes one statement.
func (a admin) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	if a.pool != nil {
		_, err := a.pool.ExecContext(ctx, statement)
		return err
	}
	db, err := sql.Open("postgres", a.at.String())
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// pooled returns a copy of a that keeps connections.
func (a admin) pooled() (admin, error) {
	var err error
	a.pool, err = sql.Open("postgres", a.at.String())
	return a, err
}

// ping returns nil if the server executes queries.
func (a admin) ping() error { return a.exec("SELECT 1") }
