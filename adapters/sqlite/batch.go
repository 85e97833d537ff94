package sqlite

import (
	"context"
	"time"
)

// writeLimit bounds a transaction, the wait for another process included.
const writeLimit = 10 * time.Second

func (c *committer) commit(batch []*write) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	failures := make([]error, len(batch))
	err := c.write(ctx, batch, failures)
	if err == nil {
		c.committed()
	}
	for i, job := range batch {
		if err != nil {
			job.answer <- err
			continue
		}
		job.answer <- failures[i]
	}
}

// write stores the batch but for those whose failure it notes. When it returns
// an error it has stored none.
func (c *committer) write(ctx context.Context, batch []*write, failures []error) error {
	prepared, err := c.statements.Prepared(ctx)
	if err != nil {
		return err
	}
	begun, err := c.writer.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	tx := transaction{Tx: begun, prepared: prepared}
	defer func() { _ = tx.Rollback() }()
	for i, job := range batch {
		if failures[i], err = attempt(ctx, tx, job); err != nil {
			return err
		}
	}
	if err := c.inPlace(); err != nil {
		return err
	}
	return tx.Commit()
}

// attempt runs job whole or not at all, and returns why not. Its second result
// is of the transaction.
func attempt(ctx context.Context, tx transaction, job *write) (failure, err error) {
	if _, err := tx.ExecContext(unwatched, "SAVEPOINT write"); err != nil {
		return nil, err
	}
	tx.under = job.under
	if failure = job.run(ctx, tx); failure != nil {
		if _, err := tx.ExecContext(unwatched, "ROLLBACK TO write"); err != nil {
			return nil, err
		}
	}
	_, err = tx.ExecContext(unwatched, "RELEASE write")
	return failure, err
}
