package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/sethvargo/go-retry"
	_ "modernc.org/sqlite" // registers the driver
)

const driverName = "sqlite"

// busyTimeout is how long, in milliseconds, a connection waits for another
// process that holds the file.
const busyTimeout = "5000"

// Pace and bound of the tries to open a file. Of several processes that make it
// at once some are told that it is busy, whatever the busy timeout: they all
// want to turn it into one with a WAL.
const (
	openPause = 20 * time.Millisecond
	openLimit = 5 * time.Second
)

// file is a database file as it was opened.
type file struct {
	path   string // absolute
	opened os.FileInfo
}

// prepareFile makes the file at path where there is none. SQLite gives the
// files it puts beside it (-wal, -shm) the same permissions.
func prepareFile(path string) (file, error) {
	path, err := absolute(path)
	if err != nil {
		return file{}, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return file{}, err
	}
	info, err := f.Stat()
	return file{path: path, opened: info}, errors.Join(err, f.Close())
}

func absolute(path string) (string, error) {
	if path == "" || path == ":memory:" {
		return "", errors.New("a path to a file is needed")
	}
	return filepath.Abs(path)
}

// inPlace fails when the path does not lead to the opened file any more.
// SQLite would go on writing to that one, and with the process all of it would
// be gone.
func (f file) inPlace() error {
	now, err := os.Stat(f.path)
	switch {
	case err != nil:
		return fmt.Errorf("the database file is out of reach: %w", err)
	case !os.SameFile(f.opened, now):
		return fmt.Errorf("%s was replaced by another file while it was open; restart the service", f.path)
	}
	return nil
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
		},
	})
}

func readerDSN(path string) string {
	return dsn(path, url.Values{
		"_pragma": {"busy_timeout(" + busyTimeout + ")", "query_only(ON)"},
	})
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

func openPool(dsn string, connections int, opts ...Option) (*sqlx.DB, error) {
	db, err := traces(opts).Open(driverName, dsn)
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
		return openPool(readerDSN(path), 1)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return openPool(":memory:", 1)
}

// requireWAL fails where the file system cannot share memory, and SQLite
// would silently keep another journal, in which readers block the writer.
func requireWAL(ctx context.Context, pool *sqlx.DB) error {
	var mode string
	if err := retry.Do(ctx, retry.WithMaxDuration(openLimit, retry.NewConstant(openPause)), func(ctx context.Context) error {
		err := pool.GetContext(ctx, &mode, "PRAGMA journal_mode")
		if isBusy(err) {
			return retry.RetryableError(err)
		}
		return err
	}); err != nil {
		return translate(ctx, err)
	}
	if mode != "wal" {
		return fmt.Errorf("journal mode is %s instead of wal: the file system does not support it", mode)
	}
	return nil
}
