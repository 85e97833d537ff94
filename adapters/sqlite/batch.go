package sqlite

import (
	"context"
	"database/sql"
	"time"
)

// writeLimit bounds a transaction, the wait for another process included.
const writeLimit = 10 * time.Second

func (c *committer) commit(batch []*creation) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	failures := make([]error, len(batch))
	err := c.write(ctx, batch, failures)
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
func (c *committer) write(ctx context.Context, batch []*creation, failures []error) error {
	insert, err := c.insert.prepared(ctx)
	if err != nil {
		return err
	}
	tx, err := c.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for i, job := range batch {
		if failures[i], err = attempt(tx, insert, job.rows); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// attempt writes rows whole or not at all, and returns why not. Its second
// result is of the transaction. Nothing waits in it that could be interrupted,
// and watching a context costs the driver a goroutine a statement.
func attempt(tx *sql.Tx, insert preparedInserts, rows newRows) (failure, err error) {
	if _, err := tx.Exec("SAVEPOINT creation"); err != nil {
		return nil, err
	}
	if failure = insert.all(tx, rows); failure != nil {
		if _, err := tx.Exec("ROLLBACK TO creation"); err != nil {
			return nil, err
		}
	}
	_, err = tx.Exec("RELEASE creation")
	return failure, err
}
