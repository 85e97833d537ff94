package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// writeLimit limits a transaction, including the wait for another process.
const writeLimit = 10 * time.Second

func (c *committer) commit(batch []*write) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	failures := make([]error, len(batch))
	err := contained(func() error {
		if err := c.write(ctx, batch, failures); err != nil {
			return err
		}
		c.committed()
		return nil
	})
	for i, job := range batch {
		if err != nil {
			job.answer <- err
			continue
		}
		job.answer <- failures[i]
	}
	if err == nil {
		c.checkpoint.checkpoint(ctx)
	}
}

// contained turns a panic, which would end the process here, into an error.
func contained(call func() error) error {
	_, err := sqlkit.Contained("writing to SQLite", func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// write stores the batch, except for failed jobs, whose errors it records in failures.
// If it returns an error, it has stored nothing.
func (c *committer) write(ctx context.Context, batch []*write, failures []error) error {
	if err := c.file.inPlace(ctx); err != nil {
		return err
	}
	prepared, err := c.statements.Prepared(ctx)
	if err != nil {
		return err
	}
	begun, err := c.writer.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	tx := transaction{Tx: begun, prepared: prepared, now: c.now}
	defer func() { _ = tx.Rollback() }()
	for i, job := range batch {
		if failures[i], err = attempt(ctx, tx, job); err != nil {
			return err
		}
	}
	if err := c.file.inPlace(ctx); err != nil {
		return err
	}
	return tx.Commit()
}

// attempt runs job completely or not at all, and returns the error of the job.
// Its second result is an error of the whole transaction.
func attempt(ctx context.Context, tx transaction, job *write) (failure, err error) {
	if _, err := tx.ExecContext(unwatched, "SAVEPOINT write"); err != nil {
		return nil, err
	}
	tx.under = job.under
	if failure = contained(func() error { return job.run(ctx, tx) }); failure != nil {
		// After some failures, such as a full disk, SQLite has rolled back the
		// whole transaction, and the savepoint is gone.
		if _, err := tx.ExecContext(unwatched, "ROLLBACK TO write"); err != nil {
			return nil, fmt.Errorf("%w; the transaction is lost: %w", failure, err)
		}
	}
	_, err = tx.ExecContext(unwatched, "RELEASE write")
	return failure, err
}
