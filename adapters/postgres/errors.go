package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// keyExists reports whether err is due to an existing identifier.
func keyExists(err error) bool {
	failed := asServerError(err)
	return failed != nil && failed.Code == pqerror.UniqueViolation && failed.Constraint == "api_keys_pkey"
}

// rolledBack reports whether the server rolled back the transaction because of
// others, so that it can be retried.
func rolledBack(err error) bool {
	failed := asServerError(err)
	return failed != nil && (failed.Code == pqerror.TRSerializationFailure || failed.Code == pqerror.TRDeadlockDetected)
}

// spoiled reports whether err means that the prepared statements of a
// connection are no longer valid: a table was altered, or another client of a
// pooler prepared statements under the same numbers. The statement was not run.
func spoiled(err error) bool {
	failed := asServerError(err)
	if failed == nil {
		return false
	}
	switch failed.Code {
	case pqerror.FeatureNotSupported, // "cached plan must not change result type"
		pqerror.InvalidSQLStatementName, pqerror.DuplicatePstatement, pqerror.ProtocolViolation:
		return true
	}
	return false
}

// schemaMissing reports whether code means that the schema does not match the
// statements, or that this account cannot access it: it has not been migrated,
// or is being restored.
func schemaMissing(code pqerror.Code) bool {
	switch code {
	case pqerror.UndefinedTable, pqerror.UndefinedColumn, pqerror.UndefinedFunction,
		pqerror.InvalidSchemaName, pqerror.InsufficientPrivilege:
		return true
	}
	return false
}

// translate returns the domain error for a driver error: one that wraps
// [domain.ErrUnavailable] if the server cannot be used now, or not before ctx
// ended, and otherwise an internal error. An error that does not come from the
// server is one of the connection.
func translate(ctx context.Context, err error) error {
	switch {
	case sqlkit.Settled(err):
		return err
	case ctx.Err() != nil:
		return sqlkit.Unavailable(ctx.Err())
	}
	failed := asServerError(err)
	switch {
	case failed == nil:
		return sqlkit.Unavailable(err)
	case temporary(failed.Code), schemaMissing(failed.Code), spoiled(failed):
		return sqlkit.Unavailable(newStatementError(failed))
	}
	return newStatementError(failed)
}

// temporary reports whether, after an error with this SQLSTATE, the same
// statement may succeed later or on another server.
func temporary(code pqerror.Code) bool {
	switch code.Class() {
	case pqerror.ClassConnectionException,
		pqerror.ClassTransactionRollback,
		pqerror.ClassInsufficientResources,
		pqerror.ClassOperatorIntervention,
		pqerror.ClassInvalidAuthorizationSpecification,
		pqerror.ClassInvalidCatalogName:
		return true
	}
	return code == pqerror.ReadOnlySQLTransaction || code == pqerror.LockNotAvailable
}

func asServerError(err error) *pq.Error {
	failed, _ := errors.AsType[*pq.Error](err)
	return failed
}

// statementError is the printable part of an error of the server. Its message,
// detail and context are left out, since they may quote values.
type statementError struct {
	code       pqerror.Code
	table      string
	constraint string
}

func newStatementError(err *pq.Error) statementError {
	return statementError{code: err.Code, table: err.Table, constraint: err.Constraint}
}

func (e statementError) Error() string {
	text := fmt.Sprintf("postgres: %s (SQLSTATE %s)", e.code.Name(), string(e.code))
	if e.table != "" {
		text += " on table " + e.table
	}
	if e.constraint != "" {
		text += " by constraint " + e.constraint
	}
	return text
}
