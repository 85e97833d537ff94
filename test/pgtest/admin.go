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

// adminTimeout bounds one statement, so that a dead server fails a test
// instead of hanging it.
const adminTimeout = 30 * time.Second

// admin is an account that may create databases.
type admin struct{ at url.URL }

// parseAdmin reads the URL of a running server. Without an sslmode it is
// taken to want none.
func parseAdmin(given string) (admin, error) {
	at, err := url.Parse(given)
	if err != nil || (at.Scheme != "postgres" && at.Scheme != "postgresql") {
		// The URL itself may hold a password and is not shown.
		return admin{}, fmt.Errorf("%s is not a postgres:// URL", urlVariable)
	}
	query := at.Query()
	if !query.Has("sslmode") {
		query.Set("sslmode", "disable")
		at.RawQuery = query.Encode()
	}
	return admin{at: *at}, nil
}

// url returns how to reach the database of that name.
func (a admin) url(db string) string {
	at := a.at
	at.Path = "/" + db
	return at.String()
}

// create makes an empty database under a name nobody else has.
func (a admin) create() (db string, err error) {
	db = "apikeys_test_" + strings.ToLower(rand.Text())
	if err := a.exec("CREATE DATABASE " + db + " TEMPLATE template0"); err != nil {
		return "", fmt.Errorf("create a database: %w", err)
	}
	return db, nil
}

// drop removes the database and cuts off whoever still uses it.
func (a admin) drop(db string) error {
	if err := a.exec("DROP DATABASE IF EXISTS " + db + " WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop the database: %w", err)
	}
	return nil
}

// exec runs one statement on a connection of its own, so that nothing stays
// open between calls and a restarted server is no special case.
func (a admin) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	db, err := sql.Open("postgres", a.at.String())
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// ping returns nil once the server answers queries.
func (a admin) ping() error { return a.exec("SELECT 1") }
