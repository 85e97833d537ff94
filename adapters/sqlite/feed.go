package sqlite

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/ports"
)

const (
	newestChange = `SELECT coalesce(max(seq), 0) FROM api_key_events`

	changesSince = `SELECT DISTINCT api_key_id FROM api_key_events WHERE seq > ? AND seq <= ?`
)

// maxTold bounds the events that one poll reads; of more it says that every
// key may have changed.
const maxTold = 10_000

// feed implements ports.ChangeFeed on a connection of its own: the version of
// the data, which tells whether anyone else has committed, means something to
// one connection alone.
type feed struct {
	pool      *sqlx.DB
	broken    error // why there is no pool
	followers *followers
	wake      chan struct{}

	conn     *sqlx.Conn // nil: to be connected
	version  int64      // of the data as conn last read it
	position int64      // of the newest event told; -1: none yet
}

// Follow implements ports.ChangeSource.
func (r *KeyRepository) Follow() ports.ChangeFeed {
	f := &feed{followers: &r.followers, wake: r.followers.join(), position: -1}
	f.pool, f.broken = openPool(readerDSN(r.file.path), 1)
	return f
}

// Poll implements ports.ChangeFeed.
func (f *feed) Poll(ctx context.Context) (ports.Changes, error) {
	changes, err := f.poll(ctx)
	if err != nil {
		return ports.Changes{}, translate(ctx, errors.Join(err, f.disconnect()))
	}
	return changes, nil
}

func (f *feed) poll(ctx context.Context) (ports.Changes, error) {
	fresh, err := f.connect(ctx)
	if err != nil {
		return ports.Changes{}, err
	}
	var version int64
	if err := f.conn.GetContext(ctx, &version, `PRAGMA data_version`); err != nil {
		return ports.Changes{}, err
	}
	if !fresh && version == f.version {
		return ports.Changes{}, nil
	}
	// A commit that comes between the two reads is told, and looked for again.
	changes, err := f.read(ctx)
	if err != nil {
		return ports.Changes{}, err
	}
	f.version = version
	return changes, nil
}

// connect says whether the connection is a new one.
func (f *feed) connect(ctx context.Context) (fresh bool, err error) {
	switch {
	case f.broken != nil:
		return false, f.broken
	case f.conn != nil:
		return false, ctx.Err()
	}
	f.conn, err = f.pool.Connx(ctx)
	return true, err
}

// read tells what was committed since the position, and moves it.
func (f *feed) read(ctx context.Context) (ports.Changes, error) {
	var newest int64
	if err := f.conn.GetContext(ctx, &newest, newestChange); err != nil {
		return ports.Changes{}, err
	}
	var changes ports.Changes
	restored := newest < f.position
	if f.position < 0 || restored || newest-f.position > maxTold {
		changes.Lost = true
	} else if err := f.conn.SelectContext(ctx, &changes.Keys, changesSince, f.position, newest); err != nil {
		return ports.Changes{}, err
	}
	f.position = newest
	return changes, nil
}

func (f *feed) disconnect() error {
	if f.conn == nil {
		return nil
	}
	conn := f.conn
	f.conn = nil
	return conn.Close()
}

// Wake implements ports.ChangeFeed. It tells of the commits of this process.
func (f *feed) Wake() <-chan struct{} { return f.wake }

// Close implements ports.ChangeFeed.
func (f *feed) Close() error {
	f.followers.leave(f.wake)
	if f.broken != nil {
		return nil
	}
	return errors.Join(f.disconnect(), f.pool.Close())
}
