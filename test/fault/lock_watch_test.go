package fault

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// conflicting are the modes of table locks that block readers or writers,
// whether held or awaited: others queue behind a waiting transaction.
const conflicting = `'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'`

// seenLocks selects the locks that a migration holds or waits for, each with its
// transaction, and all sessions that wait for a migration. A
// table or an index that the migration is creating is not in pg_class yet.
const seenLocks = `SELECT l.virtualtransaction || ' ' || c.relname || ' ' || l.mode, l.mode || ' of ' || c.relname
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
WHERE a.application_name = '` + migratorName + `' AND a.datname = current_database()
AND l.locktype = 'relation' AND l.mode IN (` + conflicting + `)
UNION ALL
SELECT w.pid || ' ' || w.query_start, 'wait of a client'
FROM pg_stat_activity w
WHERE w.datname = current_database() AND w.application_name <> '` + migratorName + `' AND w.wait_event_type = 'Lock'
AND EXISTS (
	SELECT FROM pg_stat_activity m
	WHERE m.application_name = '` + migratorName + `' AND m.datname = current_database() AND m.pid = ANY (pg_blocking_pids(w.pid))
)`

// lockWatch samples the locks of a migration every few milliseconds.
type lockWatch struct {
	db      *sql.DB
	stop    context.CancelFunc
	ended   chan error
	looks   int
	first   map[string]time.Time
	longest map[string]time.Duration // by mode and table
}

const betweenLooks = 5 * time.Millisecond

func watchLocks(t *testing.T, db *sql.DB) *lockWatch {
	ctx, stop := context.WithCancel(t.Context())
	l := &lockWatch{db: db, stop: stop, ended: make(chan error, 1), first: map[string]time.Time{}, longest: map[string]time.Duration{}}
	go func() { l.ended <- l.watch(ctx) }()
	return l
}

func (l *lockWatch) watch(ctx context.Context) error {
	// Planning the query takes longer than executing it.
	locks, err := l.db.PrepareContext(ctx, seenLocks)
	if err != nil {
		return err
	}
	defer locks.Close()
	tick := time.NewTicker(betweenLooks)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := l.look(context.WithoutCancel(ctx), locks); err != nil {
			return err
		}
	}
}

// look records how long each lock has been seen so far.
func (l *lockWatch) look(ctx context.Context, locks *sql.Stmt) error {
	rows, err := locks.QueryContext(ctx)
	if err != nil {
		return err
	}
	defer rows.Close()
	l.looks++
	now := time.Now()
	for rows.Next() {
		var lock, what string
		if err := rows.Scan(&lock, &what); err != nil {
			return err
		}
		if _, seen := l.first[lock]; !seen {
			l.first[lock] = now
		}
		l.longest[what] = max(l.longest[what], now.Sub(l.first[lock]))
	}
	return rows.Err()
}

// end ends the watch and returns its observations, none of which may last
// longer than limit. A lock that was seen only once lasted less than the time
// between two samples.
func (l *lockWatch) end(t *testing.T, limit time.Duration) string {
	t.Helper()
	l.stop()
	if err := <-l.ended; err != nil {
		t.Fatalf("watching locks: %v", err)
	}
	if l.looks == 0 {
		t.Fatal("no samples were taken")
	}
	var longest time.Duration
	for what, took := range l.longest {
		longest = max(longest, took)
		if took >= limit {
			exceeded(t, "%s for %v, want less than %v", what, took, limit)
		}
	}
	return fmt.Sprintf("%d looks saw %v, none for longer than %v", l.looks, slices.Sorted(maps.Keys(l.longest)), longest.Round(time.Millisecond)+betweenLooks)
}
