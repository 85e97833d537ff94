package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/domain"
)

// watched connects like the pool that it wraps, and calls before each
// statement.
type watched struct {
	driver driver.Driver
	dsn    string
	before func()
}

func (w watched) Driver() driver.Driver { return w.driver }

func (w watched) Connect(context.Context) (driver.Conn, error) {
	conn, err := w.driver.Open(w.dsn)
	return watchedConn{conn, w.before}, err
}

// watchedConn hides the optional methods of a connection, so that every statement is
// prepared.
type watchedConn struct {
	driver.Conn

	before func()
}

func (c watchedConn) Prepare(query string) (driver.Stmt, error) {
	c.before()
	return c.Conn.Prepare(query)
}

func watch(t *testing.T, f *feed, repo *KeyRepository, before func()) {
	t.Helper()
	plain := f.pool
	f.pool = sqlx.NewDb(sql.OpenDB(watched{plain.Driver(), readerDSN(repo.file.path), before}), "sqlite")
	if err := f.disconnect(); err != nil {
		t.Fatal(err)
	}
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
}

// If the version of the data is read after the events, it may include a commit whose
// event was not among them, and which no later poll looks for.
func TestFeed_MissesNoCommitDuringAPoll(t *testing.T) {
	t.Parallel()
	const id = "sk_live_0000000000000002"
	for nth := 1; nth <= 4; nth++ { // one more than a poll has
		t.Run(fmt.Sprintf("before its statement %d", nth), func(t *testing.T) {
			t.Parallel()
			repo := openMigrated(t)
			f := startFeed(t, repo)
			store(t, repo, rowsOf("sk_live_0000000000000001", "evt_1"))
			commit := sync.OnceFunc(func() { store(t, repo, rowsOf(id, "evt_2")) })
			statements := 0
			watch(t, f, repo, func() {
				if statements++; statements == nth {
					commit()
				}
			})
			ids := told(t, f)
			commit() // unless the poll had fewer statements
			if ids = append(ids, told(t, f)...); !slices.Contains(ids, domain.KeyID(id)) {
				t.Errorf("%v are told", ids)
			}
		})
	}
}
