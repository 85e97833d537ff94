package sqlite

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

const (
	maxWaiting = 256 // writes in the queue; more wait to enter it
	maxBatch   = 64  // writes in one transaction
)

var errClosed = errors.New("sqlite: the store is closed")

// committer commits the writes that wait at the same time in one transaction:
// each costs a sync of the disk, whatever it holds. A write is answered after
// the commit, and fails alone.
type committer struct {
	writer     *sqlx.DB
	statements sqlkit.Statements
	file       *file
	checkpoint *checkpointer
	committed  func() // called after each commit, before its writes are answered
	queue      chan *write
	closing    chan struct{}
	closed     chan struct{}
}

// write is what one caller has on the way to the disk.
type write struct {
	under context.Context // see transaction
	run   func(ctx context.Context, tx transaction) error
	// claimed by the committer, which will run it, or by the caller, who gave
	// up before.
	claimed atomic.Bool
	answer  chan error
}

func newWrite(under context.Context, run func(ctx context.Context, tx transaction) error) *write {
	return &write{under: under, run: run, answer: make(chan error, 1)}
}

func (w *write) claim() bool { return w.claimed.CompareAndSwap(false, true) }

func startCommitter(writer *sqlx.DB, migrator *sqlkit.Migrator, file *file, committed func()) *committer {
	c := &committer{
		writer:     writer,
		statements: newWriteStatements(writer, migrator),
		file:       file,
		checkpoint: &checkpointer{file: file, limit: truncateFrames},
		committed:  committed,
		queue:      make(chan *write, maxWaiting),
		closing:    make(chan struct{}),
		closed:     make(chan struct{}),
	}
	go c.run()
	return c
}

// do returns when what run writes is on the disk, or why it is not. When ctx
// ends while it waits nothing is stored.
func (c *committer) do(ctx context.Context, run func(ctx context.Context, tx transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	under, end := span(ctx)
	defer end()
	job := newWrite(under, run)
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
func (c *committer) afterClose(job *write) error {
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
func (c *committer) batch(first *write) []*write {
	var batch []*write
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
