package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// LockedError means that a migration would have to wait for a table that other sessions
// have locked. Every other statement on the table would queue behind it, so the
// migration must be retried instead. It wraps [domain.ErrUnavailable].
type LockedError struct {
	// By describes the locks, such as "api_keys, by process 4711 (pg_dump)".
	By  string
	err error
}

func (e *LockedError) Error() string { return "postgres: a table is locked: " + e.By }

func (e *LockedError) Unwrap() error { return e.err }

// lockHolders selects the processes that hold locks on the tables, oldest
// transaction first. Details of other accounts may be hidden.
const lockHolders = `SELECT c.relname AS table, l.pid,
coalesce(nullif(a.application_name, ''), a.backend_type, 'unknown') AS program, a.xact_start AS since
FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND c.oid IN (to_regclass('api_keys'), to_regclass('api_key_secrets'), to_regclass('api_key_events'))
AND l.granted AND l.pid <> pg_backend_pid()
ORDER BY a.xact_start LIMIT 3`

type lockHolder struct {
	Table   string     `db:"table"`
	PID     int        `db:"pid"`
	Program string     `db:"program"`
	Since   *time.Time `db:"since"`
}

func (h lockHolder) String() string {
	text := fmt.Sprintf("%s, by process %d (%s)", h.Table, h.PID, h.Program)
	if h.Since != nil {
		text += " since " + h.Since.UTC().Format(time.RFC3339)
	}
	return text
}

// locked returns err, the error of a migration that did not get a lock, with
// the holders of the lock.
func (r *KeyRepository) locked(ctx context.Context, err error) *LockedError {
	refused := &LockedError{By: "by another session", err: translate(ctx, err)}
	var holders []lockHolder
	if err := r.pool.SelectContext(ctx, &holders, lockHolders); err != nil || len(holders) == 0 {
		return refused
	}
	texts := make([]string, len(holders))
	for i, h := range holders {
		texts[i] = h.String()
	}
	refused.By = strings.Join(texts, "; ")
	return refused
}
