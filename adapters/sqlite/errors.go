package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// existing returns [domain.ErrKeyExists] for the error of an insert into
// api_keys whose identifier exists.
func existing(err error) error {
	var failed *sqlite.Error
	if errors.As(err, &failed) {
		switch failed.Code() {
		case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE:
			return domain.ErrKeyExists
		}
	}
	return err
}

// isBusy reports whether err is due to a lock of another connection.
func isBusy(err error) bool {
	failed, ok := errors.AsType[*sqlite.Error](err)
	return ok && failed.Code()&0xff == sqlite3.SQLITE_BUSY
}

// translate returns the domain error for a driver error: one that wraps
// [domain.ErrUnavailable] if the file cannot be used now, or not before ctx ended,
// and otherwise an internal error. SQLite names tables, columns and constraints
// in its messages, never values.
func translate(ctx context.Context, err error) error {
	switch {
	case sqlkit.Settled(err) || errors.Is(err, domain.ErrUnavailable):
		return err
	case ctx.Err() != nil:
		return sqlkit.Unavailable(ctx.Err())
	case errors.Is(err, errNoWAL):
		return fmt.Errorf("sqlite: %w", err)
	}
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return sqlkit.Unavailable(err)
	}
	// The low byte is the primary code: https://sqlite.org/rescode.html
	switch failed.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL:
		return sqlkit.Unavailable(err)
	}
	return fmt.Errorf("sqlite: %w", err)
}
