package postgres

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// transaction is one caller's transaction.
type transaction struct {
	*sqlx.Tx
	prepared map[string]*sqlx.Stmt
}

func (tx transaction) exec(ctx context.Context, query string, args ...any) error {
	_, err := tx.StmtxContext(ctx, tx.prepared[query]).ExecContext(ctx, args...)
	return err
}

func (tx transaction) read(ctx context.Context, rows any, query string, args ...any) error {
	return tx.StmtxContext(ctx, tx.prepared[query]).SelectContext(ctx, rows, args...)
}
