package sqlkit

import (
	"context"
	"database/sql"
	"sync/atomic"

	"github.com/jmoiron/sqlx"
)

// Statement is a statement that is prepared on first use, since a store may be
// opened before its database responds or has its tables. It is safe for
// concurrent use and is closed with its database.
type Statement struct {
	db       *sqlx.DB
	schema   *Migrator
	query    string
	prepared atomic.Pointer[sqlx.Stmt]
}

// Statement returns the statement of query, which has ? for arguments. It is not
// prepared before the schema is that of this build, because on an older schema it might
// succeed with a wrong result.
func (m *Migrator) Statement(db *sqlx.DB, query string) *Statement {
	return &Statement{db: db, schema: m, query: db.Rebind(query)}
}

// Prepared returns the prepared statement. A failure to prepare it is not
// cached, and no caller waits for another that prepares it.
func (s *Statement) Prepared(ctx context.Context) (*sqlx.Stmt, error) {
	if prepared := s.prepared.Load(); prepared != nil {
		return prepared, nil
	}
	if err := s.schema.require(ctx); err != nil {
		return nil, err
	}
	prepared, err := s.db.PreparexContext(ctx, s.query)
	if err != nil {
		return nil, err
	}
	if s.prepared.CompareAndSwap(nil, prepared) {
		return prepared, nil
	}
	return s.prepared.Load(), prepared.Close()
}

// Select reads all rows into dest, a pointer to a slice of structs.
func (s *Statement) Select(ctx context.Context, dest any, args ...any) error {
	prepared, err := s.Prepared(ctx)
	if err != nil {
		return err
	}
	return prepared.SelectContext(ctx, dest, args...)
}

// each calls f for each row of the result.
func (s *Statement) each(ctx context.Context, args []any, f func(scan func(...any) error) error) (err error) {
	prepared, err := s.Prepared(ctx)
	if err != nil {
		return err
	}
	rows, err := prepared.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return each(rows, f)
}

// each calls f for each of rows, and closes them.
func each(rows *sql.Rows, f func(scan func(...any) error) error) (err error) {
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
