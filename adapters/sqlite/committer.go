package sqlite

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

const (
	maxWaiting = 256 // writes in the queue; more wait to enter it
	maxBatch   = 64  // writes in one transaction
)

var errClosed = errors.New("sqlite: the store is closed")

// committer commits waiting writes in one transaction, because each transaction costs a
// sync of the disk, whatever its size. A write returns after the commit, and its
// failure does not affect the others.
type committer struct {
	writer     *sqlx.DB
	statements sqlkit.Statements
	file       *file
	checkpoint *checkpointer
	now        func() time.Time
	committed  func() // called after each commit, before its writes return
	queue      chan *write
	closing    chan struct{}
	closed     chan struct{}
}

// write is one caller's write in the queue.
type write struct {
	under context.Context // see transaction
	run   func(ctx context.Context, tx transaction) error
	// claimed is set by the committer, which will run the write, or by the caller if it
	// gives up before that.
	claimed atomic.Bool
	answer  chan error
}

func newWrite(under context.Context, run func(ctx context.Context, tx transaction) error) *write {
	return &write{under: under, run: run, answer: make(chan error, 1)}
}

func (w *write) claim() bool { return w.claimed.CompareAndSwap(false, true) }

func startCommitter(writer *sqlx.DB, migrator *sqlkit.Migrator, file *file, now func() time.Time, committed func()) *committer {
	c := &committer{
		writer:     writer,
		statements: newWriteStatements(writer, migrator),
		file:       file,
		checkpoint: &checkpointer{file: file, limit: truncateFrames},
		now:        now,
		committed:  committed,
		queue:      make(chan *write, maxWaiting),
		closing:    make(chan struct{}),
		closed:     make(chan struct{}),
	}
	go c.run()
	return c
}

// do returns nil once the data that run writes is on disk, or an error. If ctx
// ends while it waits, nothing is stored.
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

// afterClose returns the result of job if it came during Close, and otherwise
// errClosed.
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

// batch returns first and all waiting writes, without waiting for more.
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

// close waits for the transaction in flight.
func (c *committer) close() {
	close(c.closing)
	<-c.closed
}
