package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/sethvargo/go-retry"
	_ "modernc.org/sqlite" // registers the driver

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

const driverName = "sqlite"

// busyTimeout is how long, in milliseconds, a connection waits for another
// process that holds the file.
const busyTimeout = "5000"

// Pace and bound of the attempts to open a file. Of several processes that
// create it at once some are told that it is busy, whatever the busy timeout:
// all of them want to give it a write-ahead log.
const (
	openPause = 20 * time.Millisecond
	openLimit = 5 * time.Second
)

// Pace and bound of the wait for a checkpoint of another process: shorter than a
// poll of the feed may take.
const (
	explainPause = 10 * time.Millisecond
	explainLimit = 300 * time.Millisecond
)

// ErrMisplaced says that there cannot be a database at a path, because of the
// path or its permissions. The error that wraps it has the path.
var ErrMisplaced = errors.New("no database can be there")

// ForeignError says that the file belongs to another program, which has a table
// with a name of ours in it. It wraps [ErrMisplaced].
type ForeignError struct{ Path, Table string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s has a table %s of another program; use a file of its own", e.Path, e.Table)
}

// Unwrap returns ErrMisplaced.
func (*ForeignError) Unwrap() error { return ErrMisplaced }

// misplacing are the causes that last until the path or its permissions are
// corrected, unlike a disk that is full or read-only.
var misplacing = []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR}

// file is a database file. It makes sure that what is read and written is what
// is at its path: SQLite itself goes on with files that were removed or replaced,
// and all of it would be gone with the process.
type file struct {
	path   string // absolute
	writer *sqlx.DB
	logger *slog.Logger
	tables []string // that the migrations make

	// known is nil until the file was opened.
	known atomic.Pointer[standing]

	// one is the token for what follows.
	one    slots
	handle *os.File // closing it earlier could release locks of SQLite
	// keeper is a connection that stays open. While there is one, nobody else
	// removes the log, which SQLite does with the last connection.
	pool   *sqlx.DB
	keeper *sqlx.Conn
	closed bool
	// unexplained is how the files were when no checkpoint had made them so.
	unexplained *standing
}

func newFile(path string, writer *sqlx.DB, logger *slog.Logger) (*file, error) {
	pool, err := openPool(keeperDSN(path), 1, sqlkit.Traces{})
	if err != nil {
		return nil, err
	}
	return &file{
		path:   path,
		writer: writer,
		logger: logger,
		one:    make(slots, 1),
		pool:   pool,
	}, nil
}

// inPlace opens the file if it is not open yet, and otherwise returns an error
// if the paths do not lead to the opened files any more, or if something other
// than SQLite has written to the database.
func (f *file) inPlace(ctx context.Context) error {
	known := f.known.Load()
	if known == nil {
		return f.alone(ctx, f.open)
	}
	files, err := lookAt(f.path)
	if err != nil {
		return err
	}
	if err := known.replaced(f.path, files); err != nil || !known.written(files) {
		return err
	}
	return f.alone(ctx, f.explain)
}

// alone runs call while no other call of alone runs.
func (f *file) alone(ctx context.Context, call func(context.Context) error) error {
	select {
	case f.one <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.one }()
	return call(ctx)
}

// open creates the file if there is none. SQLite gives the files beside it the
// same permissions.
func (f *file) open(ctx context.Context) (err error) {
	switch {
	case f.closed:
		return errClosed
	case f.known.Load() != nil: // opened meanwhile
		return nil
	}
	if f.handle == nil {
		if f.handle, err = os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
			return misplaced(err)
		}
	}
	if f.keeper == nil {
		if f.keeper, err = f.pool.Connx(unwatched); err != nil {
			return err
		}
	}
	if err := f.requireOwnTables(ctx); err != nil {
		return err
	}
	if err := requireWAL(ctx, f.writer); err != nil {
		return err
	}
	var tables int // to read anything opens the log
	if err := f.keeper.GetContext(unwatched, &tables, `SELECT count(*) FROM sqlite_schema`); err != nil {
		return err
	}
	if err := f.note(); err != nil {
		return err
	}
	f.warnOfAccess()
	return nil
}

// requireOwnTables returns a [*ForeignError] if the file has a table with a name
// of ours, but not the one that the first migration makes before all others. It
// is called before anything, such as the journal mode, is changed.
func (f *file) requireOwnTables(ctx context.Context) error {
	var names []string
	err := whileBusy(ctx, func(context.Context) error {
		names = nil
		return f.keeper.SelectContext(unwatched, &names, `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')`)
	})
	if err != nil || slices.Contains(names, sqlkit.VersionTable) {
		return err
	}
	for _, table := range f.tables {
		if slices.Contains(names, table) {
			return &ForeignError{Path: f.path, Table: table}
		}
	}
	return nil
}

// misplaced returns err as an [ErrMisplaced] if it is one.
func misplaced(err error) error {
	if slices.ContainsFunc(misplacing, func(cause error) bool { return errors.Is(err, cause) }) {
		return fmt.Errorf("%w: %w", ErrMisplaced, err)
	}
	return err
}

// note takes the files as they are now for right.
func (f *file) note() error {
	now, err := f.observe()
	if err != nil {
		return err
	}
	f.known.Store(now)
	return nil
}

// explain takes the files as they are now for right if a checkpoint has made
// them so. Another process may be in the middle of one, so it waits a little for
// that to end.
func (f *file) explain(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, explainLimit)
	defer cancel()
	for {
		now, err := f.observe()
		if err != nil {
			return err
		}
		known := f.known.Load()
		if err := known.replaced(f.path, now.files); err != nil {
			return err
		}
		if !known.written(now.files) || known.explains(now.files, now.progress) {
			f.known.Store(now)
			return nil
		}
		if f.unexplained != nil && !f.unexplained.written(now.files) && !f.unexplained.explains(now.files, now.progress) {
			return fmt.Errorf("%s was overwritten while it was open; restart the service", f.path)
		}
		select {
		case <-time.After(explainPause):
		case <-patience.Done():
			f.unexplained = now
		}
	}
}

// observe returns the files and the progress of one moment, in which no
// checkpoint ends.
func (f *file) observe() (*standing, error) {
	if f.keeper == nil {
		return nil, errClosed
	}
	before, err := f.progress()
	for err == nil {
		now := standing{}
		if now.files, err = lookAt(f.path); err != nil {
			break
		}
		if now.progress, err = f.progress(); err == nil && now.progress.Checkpointed == before.Checkpointed {
			return &now, nil
		}
		before = now.progress
	}
	return nil, err
}

func (f *file) progress() (now progress, err error) {
	err = f.keeper.GetContext(unwatched, &now, `PRAGMA wal_checkpoint(NOOP)`)
	return now, err
}

// openToOthers are the permissions that a database has no use for: the group
// may read it, for backups.
const openToOthers fs.FileMode = 0o027

// warnOfAccess logs which files other accounts of the machine can use. To
// change the permissions of a file that exists is for its operator.
func (f *file) warnOfAccess() {
	if runtime.GOOS == "windows" { // which keeps permissions elsewhere
		return
	}
	for i, info := range f.known.Load().files {
		if mode := info.Mode().Perm(); mode&openToOthers != 0 {
			f.logger.Warn("other accounts of this machine can use a file of the database; run chmod 600 on it",
				"path", f.path+parts[i], "mode", fmt.Sprintf("%04o", mode))
		}
	}
}

// close releases the file. SQLite removes the log with its last connection.
func (f *file) close() error {
	return f.alone(unwatched, func(context.Context) error {
		f.closed = true
		var errs []error
		if f.keeper != nil {
			errs = append(errs, f.keeper.Close())
			f.keeper = nil
		}
		errs = append(errs, f.pool.Close())
		if f.handle != nil {
			errs = append(errs, f.handle.Close())
			f.handle = nil
		}
		return errors.Join(errs...)
	})
}

func absolute(path string) (string, error) {
	if path == "" || path == ":memory:" {
		return "", errors.New("a path to a file is needed")
	}
	return filepath.Abs(path)
}

// writerDSN begins every transaction by taking the write lock: one that read
// first could not take it later.
func writerDSN(path string) string {
	return dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(" + busyTimeout + ")",
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"foreign_keys(ON)",
			"wal_autocheckpoint(0)", // see checkpointer
		},
	})
}

func readerDSN(path string) string {
	return dsn(path, url.Values{
		"_pragma": {"busy_timeout(" + busyTimeout + ")", "query_only(ON)"},
	})
}

func keeperDSN(path string) string {
	return dsn(path, url.Values{"_pragma": {"busy_timeout(" + checkpointWait + ")"}})
}

// dsn makes no file, lest one that was removed comes back empty. For who only
// reads it is no mode=ro, which would leave -wal and -shm behind.
func dsn(path string, params url.Values) string {
	params.Set("mode", "rw")
	params.Set("_dqs", "false")
	params.Set("_defensive", "true")
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: params.Encode(), OmitHost: true}
	return u.String()
}

func openPool(dsn string, connections int, traces sqlkit.Traces) (*sqlx.DB, error) {
	db, err := traces.Open(driverName, dsn)
	if err != nil {
		return nil, err
	}
	pool := sqlx.NewDb(db, driverName)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// openLooker opens the file at path for who neither makes nor changes it. Where
// there is none a database in memory stands for it, as empty as it is.
func openLooker(path string) (*sqlx.DB, error) {
	path, err := absolute(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return openPool(readerDSN(path), 1, sqlkit.Traces{})
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, misplaced(err)
	}
	return openPool(":memory:", 1, sqlkit.Traces{})
}

// whileBusy calls call again while the file is busy.
func whileBusy(ctx context.Context, call func(context.Context) error) error {
	return retry.Do(ctx, retry.WithMaxDuration(openLimit, retry.NewConstant(openPause)), func(ctx context.Context) error {
		err := call(ctx)
		if isBusy(err) {
			return retry.RetryableError(err)
		}
		return err
	})
}

var errNoWAL = errors.New("the file system does not support a write-ahead log")

// requireWAL fails where the file system cannot share memory, and SQLite
// would silently keep another journal, in which readers block the writer.
func requireWAL(ctx context.Context, pool *sqlx.DB) error {
	var mode string
	if err := whileBusy(ctx, func(ctx context.Context) error { return pool.GetContext(ctx, &mode, "PRAGMA journal_mode") }); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("%w: the journal mode is %s instead", errNoWAL, mode)
	}
	return nil
}
