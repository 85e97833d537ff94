package sqlite

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	newestEvent  = `SELECT seq, event_id AS id FROM api_key_events WHERE seq = (SELECT max(seq) FROM api_key_events)`
	eventAt      = `SELECT seq, event_id AS id FROM api_key_events WHERE seq = ?`
	changesSince = `SELECT DISTINCT api_key_id FROM api_key_events WHERE seq > ? AND seq <= ?`
)

// maxTold is the maximum number of events that one poll reads. If there are
// more, it reports that every key may have changed.
const maxTold = 10_000

// feed implements ports.ChangeFeed on its own connection, because the version of the
// data, which shows whether anyone else has committed, is meaningful only within one
// connection.
type feed struct {
	file      *file
	pool      *sqlx.DB
	broken    error // the reason why there is no pool
	followers *followers
	wake      chan struct{}

	// one holds the token for the fields below. An abandoned poll keeps it.
	one      slots
	conn     *sqlx.Conn // nil if not connected
	sessions int        // connections made so far

	last cursor // of the last successful poll
}

// cursor is the state that a poll has seen.
type cursor struct {
	session int   // the connection on which it was read, 0 if none
	version int64 // of the data, as that connection read it
	newest  event
}

// event is an event of the audit trail, by number and identifier. Restoring a
// backup reuses numbers, but never with the same identifier.
type event struct {
	Seq int64  `db:"seq"` // 0 if there is none
	ID  string `db:"id"`
}

// polled is the result of one poll.
type polled struct {
	changes ports.Changes
	cursor  cursor
}

// Follow implements ports.ChangeSource.
func (r *KeyRepository) Follow() ports.ChangeFeed {
	f := &feed{file: r.file, followers: &r.followers, wake: r.followers.join(), one: make(slots, 1)}
	f.pool, f.broken = openPool(readerDSN(r.file.path), 1, sqlkit.Traces{})
	return f
}

// Poll implements ports.ChangeFeed. It fails if a file of the database was
// removed, replaced or overwritten.
func (f *feed) Poll(ctx context.Context) (ports.Changes, error) {
	last := f.last
	found, err := within(ctx, f.one, "polling SQLite", func() (polled, error) {
		found, err := f.poll(ctx, last)
		if err != nil {
			err = errors.Join(err, f.disconnect())
		}
		return found, err
	})
	if errors.Is(err, domain.ErrPanicked) {
		f.last = cursor{} // forget what the last poll has seen
	}
	if err != nil {
		return ports.Changes{}, translate(ctx, err)
	}
	f.last = found.cursor
	return found.changes, nil
}

func (f *feed) poll(ctx context.Context, last cursor) (polled, error) {
	if err := f.file.inPlace(ctx); err != nil {
		return polled{}, err
	}
	if err := f.connect(ctx); err != nil {
		return polled{}, err
	}
	now := cursor{session: f.sessions, newest: last.newest}
	if err := f.conn.GetContext(ctx, &now.version, `PRAGMA data_version`); err != nil {
		return polled{}, err
	}
	if now.session == last.session && now.version == last.version {
		return polled{cursor: now}, nil
	}
	// A commit between the two reads is reported, and read again by the next
	// poll.
	changes, newest, err := f.read(ctx, last)
	if err != nil {
		return polled{}, err
	}
	now.newest = newest
	return polled{changes: changes, cursor: now}, nil
}

func (f *feed) connect(ctx context.Context) (err error) {
	switch {
	case f.broken != nil:
		return f.broken
	case f.conn != nil:
		return ctx.Err()
	}
	f.conn, err = f.pool.Connx(ctx)
	f.sessions++
	return err
}

// read returns the events that were committed since last, and the newest one.
func (f *feed) read(ctx context.Context, last cursor) (changes ports.Changes, newest event, err error) {
	if newest, err = f.find(ctx, newestEvent); err != nil {
		return changes, newest, err
	}
	kept := last.session != 0
	if kept && last.newest.Seq > 0 {
		known, err := f.find(ctx, eventAt, last.newest.Seq)
		if err != nil {
			return changes, newest, err
		}
		kept = known == last.newest
	}
	if !kept || newest.Seq-last.newest.Seq > maxTold {
		return ports.Changes{Lost: true}, newest, nil
	}
	err = f.conn.SelectContext(ctx, &changes.Keys, changesSince, last.newest.Seq, newest.Seq)
	return changes, newest, err
}

// find returns the event of a query, or the zero value.
func (f *feed) find(ctx context.Context, query string, args ...any) (event, error) {
	var found []event
	if err := f.conn.SelectContext(ctx, &found, query, args...); err != nil || len(found) == 0 {
		return event{}, err
	}
	return found[0], nil
}

func (f *feed) disconnect() error {
	if f.conn == nil {
		return nil
	}
	conn := f.conn
	f.conn = nil
	return conn.Close()
}

// Wake implements ports.ChangeFeed. The channel receives after commits of this process.
func (f *feed) Wake() <-chan struct{} { return f.wake }

// Close implements ports.ChangeFeed. It gives up after 5 s.
func (f *feed) Close() error {
	f.followers.leave(f.wake)
	if f.broken != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	_, err := within(ctx, f.one, "closing a feed of SQLite", func() (struct{}, error) {
		return struct{}{}, errors.Join(f.disconnect(), f.pool.Close())
	})
	return err
}
