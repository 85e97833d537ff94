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

// busyTimeout is how long, in milliseconds, a connection waits for the lock of
// another process.
const busyTimeout = "5000"

// The interval and limit of the attempts to open a file. If several processes
// create it at once, some get a busy error, whatever the busy timeout, because
// all of them switch it to a write-ahead log.
const (
	openPause = 20 * time.Millisecond
	openLimit = 5 * time.Second
)

// The interval and limit of the wait for a checkpoint of another process. It is
// shorter than a poll of the feed may take.
const (
	explainPause = 10 * time.Millisecond
	explainLimit = 300 * time.Millisecond
)

// ErrMisplaced means that there cannot be a database at a path, because of the
// path or its permissions. The error that wraps it contains the path.
var ErrMisplaced = errors.New("no database can be there")

// ForeignError means that the file belongs to another program, which has a table in it
// with one of our names. It wraps [ErrMisplaced].
type ForeignError struct{ Path, Table string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s has a table %s of another program; use a file of its own", e.Path, e.Table)
}

// Unwrap returns ErrMisplaced.
func (*ForeignError) Unwrap() error { return ErrMisplaced }

// misplacing are the errors that persist until the path or its permissions are
// corrected, unlike those of a disk that is full or read-only.
var misplacing = []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR}

// file is a database file. It ensures that the open files are still those at its path.
// SQLite itself would continue with files that were removed or replaced, and their
// changes would be lost when the process ends.
type file struct {
	path   string // absolute
	writer *sqlx.DB
	logger *slog.Logger
	tables []string // that the migrations create

	// known is nil until the file has been opened.
	known atomic.Pointer[standing]

	// one is the token for the fields below.
	one    slots
	handle *os.File // closing it earlier could release locks of SQLite
	// keeper is a connection that stays open, because SQLite removes the log when the
	// last connection is closed.
	pool   *sqlx.DB
	keeper *sqlx.Conn
	closed bool
	// unexplained is a state of the files that no checkpoint explains.
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

// inPlace opens the file if it is not open yet. Otherwise it returns an error
// if the paths no longer lead to the opened files, or if something other than
// SQLite has written to the database.
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

// alone runs call while no other call runs in alone.
func (f *file) alone(ctx context.Context, call func(context.Context) error) error {
	select {
	case f.one <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.one }()
	return call(ctx)
}

// open creates the file if there is none. SQLite creates the other files with
// the same permissions.
func (f *file) open(ctx context.Context) (err error) {
	switch {
	case f.closed:
		return errClosed
	case f.known.Load() != nil: // opened in the meantime
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
	var tables int // any read opens the log
	if err := f.keeper.GetContext(unwatched, &tables, `SELECT count(*) FROM sqlite_schema`); err != nil {
		return err
	}
	if err := f.note(); err != nil {
		return err
	}
	f.warnOfAccess()
	return nil
}

// requireOwnTables returns a [*ForeignError] if the file has a table with one of our
// names, but not the table that the first migration creates before all others. It is
// called before anything, such as the journal mode, is changed.
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

// misplaced returns err wrapped in [ErrMisplaced] if it is one of misplacing, and
// otherwise err.
func misplaced(err error) error {
	if slices.ContainsFunc(misplacing, func(cause error) bool { return errors.Is(err, cause) }) {
		return fmt.Errorf("%w: %w", ErrMisplaced, err)
	}
	return err
}

// note records the current state of the files as correct.
func (f *file) note() error {
	now, err := f.observe()
	if err != nil {
		return err
	}
	f.known.Store(now)
	return nil
}

// explain records the current state of the files as correct if a checkpoint explains
// it. Another process may be running a checkpoint, so explain waits a little for that
// to end.
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

// observe returns the files and the progress at one moment, between
// checkpoints.
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

// openToOthers are the permissions that a database should not have. The group
// may read it, for backups.
const openToOthers fs.FileMode = 0o027

// warnOfAccess logs which files other accounts of the machine can use. Only the
// operator should change the permissions of an existing file.
func (f *file) warnOfAccess() {
	if runtime.GOOS == "windows" { // which stores permissions elsewhere
		return
	}
	for i, info := range f.known.Load().files {
		if mode := info.Mode().Perm(); mode&openToOthers != 0 {
			f.logger.Warn("other accounts of this machine can use a file of the database; run chmod 600 on it",
				"path", f.path+parts[i], "mode", fmt.Sprintf("%04o", mode))
		}
	}
}

// close closes the file. SQLite removes the log when the last connection is
// closed.
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

// writerDSN makes every transaction acquire the write lock when it begins: one
// that reads first might not get it later.
func writerDSN(path string) string {
	return dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(" + busyTimeout + ")",
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"foreign_keys(ON)",
			"wal_autocheckpoint(0)", // see checkpointer
			tempStore(inMemory),
		},
	})
}

// Where SQLite keeps the pages that it needs to undo a single write, and the data that it
// sorts. In memory, a write costs less, but a migration may need more than fits there.
const (
	inMemory = "MEMORY"
	onDisk   = "FILE"
)

func tempStore(where string) string { return "temp_store(" + where + ")" }

func readerDSN(path string) string {
	return dsn(path, url.Values{
		"_pragma": {"busy_timeout(" + busyTimeout + ")", "query_only(ON)"},
	})
}

func keeperDSN(path string) string {
	return dsn(path, url.Values{"_pragma": {"busy_timeout(" + checkpointWait + ")"}})
}

// dsn returns a DSN that does not create the file, because a removed file would come
// back empty. Readers do not use mode=ro, which would leave -wal and -shm behind.
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

// openLooker opens the file at path without creating or changing it. If there
// is none, it opens an empty database in memory instead.
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

// requireWAL returns an error if the file system cannot share memory. SQLite
// would silently use another journal, in which readers block the writer.
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
