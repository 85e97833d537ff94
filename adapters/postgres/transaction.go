package postgres

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// transaction is one caller's transaction.
type transaction struct {
	*sqlx.Tx
	prepared map[string]*sqlx.Stmt
	schema   schema
}

// transact runs f in a transaction, which is rolled back if f fails.
func (r *KeyRepository) transact(ctx context.Context, f func(tx transaction) error) error {
	return r.transactWith(ctx, r.writing, f)
}

// transactWith is like transact, for transactions with other statements.
func (r *KeyRepository) transactWith(ctx context.Context, statements sqlkit.Statements, f func(tx transaction) error) error {
	prepared, err := statements.Prepared(ctx)
	if err != nil {
		return err
	}
	begun, err := r.pool.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer func() { _ = begun.Rollback() }()
	if err := f(transaction{Tx: begun, prepared: prepared, schema: r.schema}); err != nil {
		return err
	}
	return begun.Commit()
}

func (tx transaction) exec(ctx context.Context, query string, args ...any) error {
	_, err := tx.change(ctx, query, args...)
	return err
}

// change returns the number of changed rows.
func (tx transaction) change(ctx context.Context, query string, args ...any) (int64, error) {
	done, err := tx.StmtxContext(ctx, tx.prepared[query]).ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func (tx transaction) read(ctx context.Context, rows any, query string, args ...any) error {
	return tx.StmtxContext(ctx, tx.prepared[query]).SelectContext(ctx, rows, args...)
}
