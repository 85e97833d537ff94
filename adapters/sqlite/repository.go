package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// closeLimit is how long Close waits for a disk that hangs. Calls that still
// hang end with the process, without any loss.
const closeLimit = 5 * time.Second

// KeyRepository implements ports.KeyRepository on an SQLite file.
type KeyRepository struct {
	writer *sqlx.DB // one connection, since SQLite has one writer at a time
	reader *sqlx.DB
	file   *file
	damage *sqlkit.Damage
	reads

	reading, migrations slots

	migrator     *sqlkit.Migrator
	committer    *committer
	queries      sqlkit.Queries
	counts       *sqlkit.Statement
	findForeign  *sqlkit.Statement
	workspacesOf *sqlkit.Statement
	anyDue       *sqlkit.Statement
	queueState   *sqlkit.Statement
	now          func() time.Time // determines the windows of limits, and when deliveries are due
	followers    followers

	closing slots
	closed  func() error
}

// Open opens the database file at path. If there is none, it creates one that
// only its owner can read and write. It does not migrate; see
// [KeyRepository.Migrate].
//
// It returns an error that wraps [ErrMisplaced] if there cannot be a file at path, or a
// [*ForeignError] if the file at path belongs to another program. It returns another
// error if the file is not a database or cannot have a write-ahead log. If the file
// only cannot be used for now, because its disk is full, read-only or hangs, Open
// succeeds: each method tries to open the file again, and returns an error that wraps
// [domain.ErrUnavailable] until that succeeds.
func Open(ctx context.Context, path string, opts ...Option) (*KeyRepository, error) {
	r, err := open(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("open SQLite database: %w", err)
	}
	return r, nil
}

func open(ctx context.Context, path string, opts []Option) (*KeyRepository, error) {
	path, err := absolute(path)
	if err != nil {
		return nil, err
	}
	r, err := connect(path, opts)
	if err != nil {
		return nil, err
	}
	err = r.openFile(ctx)
	lasting := !errors.Is(err, domain.ErrUnavailable) || errors.Is(err, ErrMisplaced) || ctx.Err() != nil
	if err != nil && lasting {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// openFile opens the file if it is not open yet. It gives up after 5 s.
func (r *KeyRepository) openFile(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	_, err := read(ctx, r, func() (struct{}, error) { return struct{}{}, nil })
	return err
}

// connect returns the repository without touching the file yet.
func connect(path string, opts []Option) (r *KeyRepository, err error) {
	o := newOptions(opts)
	connections := max(4, runtime.GOMAXPROCS(0))
	r = &KeyRepository{
		damage:     sqlkit.NewDamage(o.logger),
		reading:    make(slots, connections),
		migrations: make(slots, 1),
		closing:    make(slots, 1),
		now:        o.now,
	}
	r.closed = sync.OnceValue(r.close)
	if r.writer, err = openPool(writerDSN(path), 1, o.traces()); err != nil {
		return nil, err
	}
	if r.reader, err = openPool(readerDSN(path), connections, o.traces()); err != nil {
		return nil, err
	}
	if r.file, err = newFile(path, r.writer, o.logger); err != nil {
		return nil, err
	}
	if r.migrator, err = newMigrator(r.writer, r.reader); err != nil {
		return nil, err
	}
	r.file.tables = r.migrator.Tables()
	r.committer = startCommitter(r.writer, r.migrator, r.file, o.now, r.followers.wake)
	r.queries = r.migrator.Queries(r.reader, findUsage)
	r.reads = sqlkit.NewReads(codec, dialect, r.queries, r.damage, r.look, r.look)
	r.counts = r.migrator.Statement(r.reader, findCount)
	r.findForeign = r.migrator.Statement(r.reader, findForeign)
	r.workspacesOf = r.migrator.Statement(r.reader, workspacesOf)
	r.anyDue = r.migrator.Statement(r.reader, anyDue)
	r.queueState = r.migrator.Statement(r.reader, queueState)
	return r, nil
}

// Ready implements ports.KeyRepository. It also fails if a file of the database
// was removed, replaced or overwritten.
func (r *KeyRepository) Ready(ctx context.Context) error {
	_, err := within(ctx, r.reading, "looking at SQLite", func() (struct{}, error) {
		if err := r.file.inPlace(ctx); err != nil {
			return struct{}{}, translate(ctx, err)
		}
		return struct{}{}, r.migrator.Current(ctx)
	})
	return err
}

// Close waits for the transaction in flight and closes the file. It gives up after 5 s.
func (r *KeyRepository) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	_, err := within(ctx, r.closing, "closing SQLite", func() (struct{}, error) { return struct{}{}, r.closed() })
	return err
}

func (r *KeyRepository) close() error {
	r.committer.close()
	return errors.Join(r.reader.Close(), r.writer.Close(), r.file.close())
}
