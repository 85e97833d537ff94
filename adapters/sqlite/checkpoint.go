package sqlite

import (
	"context"
	"errors"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

const (
	// checkpointFrames is how many frames of the log, of one page each, may
	// wait before a checkpoint copies them. It is SQLite's default.
	checkpointFrames = 1000
	// truncateFrames is how long the log may grow, about 64 MiB, before a checkpoint
	// waits for its readers. As long as reads overlap, the log never starts over by
	// itself.
	truncateFrames = 16_000
	// checkpointWait is how long, in milliseconds, that wait may take. Writes are
	// blocked during the wait.
	checkpointWait = "500"
)

// checkpointer is the state of checkpoints. Only the committer uses it.
type checkpointer struct {
	file    *file
	limit   int // how long the log may grow, in frames, before a checkpoint waits for its readers
	putOff  int // by how much the limit was raised because a reader was too slow
	failing bool
}

// checkpoint copies the log into the database once it is long enough, and makes a log
// that has grown large start over. It replaces SQLite's own checkpoints, which would
// delay the response to a commit and do not wait for readers.
func (c *checkpointer) checkpoint(ctx context.Context) {
	_, err := sqlkit.Contained("checkpointing SQLite", func() (struct{}, error) { return struct{}{}, c.file.alone(ctx, c.run) })
	switch failed := err != nil; {
	case failed == c.failing:
	case failed:
		c.file.logger.Warn("cannot checkpoint the write-ahead log, which grows", "error", err)
	default:
		c.file.logger.Info("the write-ahead log is checkpointed again")
	}
	c.failing = err != nil
}

func (c *checkpointer) run(ctx context.Context) error {
	if err := c.file.explain(ctx); err != nil {
		return err
	}
	now := c.file.known.Load().progress
	if now.Log < c.limit { // it started over
		c.putOff = 0
	}
	switch {
	case now.Log >= c.limit+c.putOff:
		return c.truncate()
	case now.Log-now.Checkpointed >= checkpointFrames:
		_, err := c.file.checkpoint("PASSIVE")
		return err
	}
	return nil
}

func (c *checkpointer) truncate() error {
	done, err := c.file.checkpoint("TRUNCATE")
	if err == nil && done.Busy != 0 {
		c.putOff = done.Log
	}
	return err
}

// checkpoint runs a checkpoint, and then records the state of the files.
func (f *file) checkpoint(mode string) (done progress, err error) {
	err = f.keeper.GetContext(unwatched, &done, `PRAGMA wal_checkpoint(`+mode+`)`)
	return done, errors.Join(err, f.note())
}
