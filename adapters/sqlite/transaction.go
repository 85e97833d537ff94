package sqlite

import (
	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

func newWriteStatements(writer *sqlx.DB) sqlkit.Statements {
	return sqlkit.NewStatements(writer, insertKey, insertSecret, insertEvent, sqlkit.GetKey, updateKey, deleteSecrets, recordUse, rehash)
}

// transaction is the one transaction under way.
type transaction struct {
	*sqlx.Tx
	prepared map[string]*sqlx.Stmt
}

func (tx transaction) exec(query string, args ...any) error {
	_, err := tx.Stmtx(tx.prepared[query]).Exec(args...)
	return err
}

func (tx transaction) read(rows any, query string, args ...any) error {
	return tx.Stmtx(tx.prepared[query]).Select(rows, args...)
}
