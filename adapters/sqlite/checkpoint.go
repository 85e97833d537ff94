package sqlite

import (
	"context"
	"errors"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

const (
	// checkpointFrames is how many frames of the log, of a page each, are left
	// to be copied before a checkpoint copies them. It is SQLite's own default.
	checkpointFrames = 1000
	// truncateFrames is how long the log may grow, about 64 MiB, before its
	// readers are waited for. As long as they overlap, it never begins anew by
	// itself.
	truncateFrames = 16_000
	// checkpointWait is how long, in milliseconds, that wait may take. No write
	// goes on meanwhile.
	checkpointWait = "500"
)

// checkpointer is what the committer, which alone uses it, knows of its
// checkpoints.
type checkpointer struct {
	file    *file
	limit   int // how long the log may grow, in frames, before its readers are waited for
	putOff  int // how much longer, because a reader took too long
	failing bool
}

// checkpoint copies what is in the log into the database once enough of it is,
// and lets a log that has grown large begin anew. It replaces SQLite's own
// checkpoints, which delay the answer to a commit and wait for no reader.
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
	if now.Log < c.limit { // it began anew
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

// checkpoint runs a checkpoint, after which the files are as it left them.
func (f *file) checkpoint(mode string) (done progress, err error) {
	err = f.keeper.GetContext(unwatched, &done, `PRAGMA wal_checkpoint(`+mode+`)`)
	return done, errors.Join(err, f.note())
}
