package sqlite

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/jmoiron/sqlx"
)

const (
	maxWaiting = 256 // creations in the queue; more wait to enter it
	maxBatch   = 64  // creations in one transaction
)

var errClosed = errors.New("sqlite: the store is closed")

// committer commits the creations that wait at the same time in one
// transaction: each costs a sync of the disk, whatever it holds. A creation is
// answered after the commit, and fails alone.
type committer struct {
	writer  *sqlx.DB
	insert  insertStatements
	queue   chan *creation
	closing chan struct{}
	closed  chan struct{}
}

// creation is one caller's rows on their way to the disk.
type creation struct {
	rows newRows
	// claimed by the committer, which will write it, or by the caller, who
	// gave up before.
	claimed atomic.Bool
	answer  chan error
}

func (c *creation) claim() bool { return c.claimed.CompareAndSwap(false, true) }

func startCommitter(writer *sqlx.DB) *committer {
	c := &committer{
		writer:  writer,
		insert:  newInsertStatements(writer),
		queue:   make(chan *creation, maxWaiting),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	go c.run()
	return c
}

// create returns when rows are on the disk, or why they are not. When ctx ends
// while they wait nothing is stored.
func (c *committer) create(ctx context.Context, rows newRows) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	job := &creation{rows: rows, answer: make(chan error, 1)}
	select {
	case c.queue <- job:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closing:
		return errClosed
	}
	select {
	case err := <-job.answer:
		return err
	case <-ctx.Done():
		job.claim()
		return ctx.Err()
	case <-c.closed:
		return c.afterClose(job)
	}
}

// afterClose prefers an answer that came with the closing.
func (c *committer) afterClose(job *creation) error {
	select {
	case err := <-job.answer:
		return err
	default:
		return errClosed
	}
}

func (c *committer) run() {
	defer close(c.closed)
	for {
		select {
		case first := <-c.queue:
			c.commit(c.batch(first))
		case <-c.closing:
			return
		}
	}
}

// batch takes what waits beside first, without waiting for more.
func (c *committer) batch(first *creation) []*creation {
	var batch []*creation
	for next := first; ; {
		if next.claim() {
			batch = append(batch, next)
		}
		if len(batch) == maxBatch {
			return batch
		}
		select {
		case next = <-c.queue:
		default:
			return batch
		}
	}
}

// close lets the transaction under way end.
func (c *committer) close() {
	close(c.closing)
	<-c.closed
}
