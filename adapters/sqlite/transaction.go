package sqlite

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

func newWriteStatements(writer *sqlx.DB, migrator *sqlkit.Migrator) sqlkit.Statements {
	return migrator.Statements(writer, append([]string{
		sqlkit.CountKey, insertKey, insertSecret, insertEvent,
		sqlkit.GetKey, setName, setScopes, setIPWhitelist, setRateLimits, setQuota, setDisabled, setExpiresAt, setDeletedAt,
		discountKey, deleteSecrets,
		sqlkit.FindIdempotencyKey, sqlkit.InsertIdempotencyKey, forgetIdempotencyKeys,
		sqlkit.InsertPepper, sqlkit.FindPepper,
		recordUse, rehash, addBatch, addChecks, keepScopeUses, keepGraceUses, forgetChecks, forgetBatches, forgetGraceUses,
		findCount, setCount, forgetCounts,
	}, webhookStatements...)...)
}

// unwatched is the context of statements in a transaction, apart from the span of a
// traced write. Watching a context would cost the driver a goroutine per statement, and
// no statement waits for anything.
var unwatched = context.Background()

// transaction is the transaction in flight.
type transaction struct {
	*sqlx.Tx
	prepared map[string]*sqlx.Stmt
	under    context.Context // unwatched, with the span of the current write
	now      func() time.Time
}

func (tx transaction) exec(query string, args ...any) error {
	_, err := tx.change(query, args...)
	return err
}

// change returns the number of changed rows.
func (tx transaction) change(query string, args ...any) (int64, error) {
	done, err := tx.Stmtx(tx.prepared[query]).ExecContext(tx.under, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func (tx transaction) read(rows any, query string, args ...any) error {
	return tx.Stmtx(tx.prepared[query]).SelectContext(tx.under, rows, args...)
}
