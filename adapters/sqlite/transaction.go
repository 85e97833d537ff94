package sqlite

import (
	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

func newWriteStatements(writer *sqlx.DB) sqlkit.Statements {
	return sqlkit.NewStatements(writer,
		sqlkit.CountKey, insertKey, insertSecret, insertEvent,
		sqlkit.GetKey, updateKey, discountKey, deleteSecrets,
		sqlkit.FindOnce, sqlkit.InsertOnce, forgetOnces,
		recordUse, rehash)
}

// transaction is the one transaction under way.
type transaction struct {
	*sqlx.Tx
	prepared map[string]*sqlx.Stmt
}

func (tx transaction) exec(query string, args ...any) error {
	_, err := tx.change(query, args...)
	return err
}

// change returns how many rows were changed.
func (tx transaction) change(query string, args ...any) (int64, error) {
	done, err := tx.Stmtx(tx.prepared[query]).Exec(args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func (tx transaction) read(rows any, query string, args ...any) error {
	return tx.Stmtx(tx.prepared[query]).Select(rows, args...)
}
