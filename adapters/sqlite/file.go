package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// busyTimeout is how long, in milliseconds, a connection waits for another
// process that holds the file.
const busyTimeout = "5000"

// prepareFile makes the file at path where there is none, and returns its
// absolute path. SQLite gives the files it puts beside it (-wal, -shm) the
// same permissions.
func prepareFile(path string) (string, error) {
	if path == "" || path == ":memory:" {
		return "", errors.New("a path to a file is needed")
	}
	file, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	return file, f.Close()
}

// writerDSN begins every transaction by taking the write lock: one that read
// first could not take it later.
func writerDSN(file string) string {
	return dsn(file, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(" + busyTimeout + ")",
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"foreign_keys(ON)",
		},
	})
}

func readerDSN(file string) string {
	return dsn(file, url.Values{
		"_pragma": {"busy_timeout(" + busyTimeout + ")", "query_only(ON)"},
	})
}

func dsn(file string, params url.Values) string {
	params.Set("_dqs", "false")
	params.Set("_defensive", "true")
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(file), RawQuery: params.Encode(), OmitHost: true}
	return u.String()
}

func openPool(dsn string, connections int) (*sqlx.DB, error) {
	pool, err := sqlx.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// requireWAL fails where the file system cannot share memory, and SQLite
// would silently keep another journal, in which readers block the writer.
func requireWAL(ctx context.Context, pool *sqlx.DB) error {
	var mode string
	if err := pool.GetContext(ctx, &mode, "PRAGMA journal_mode"); err != nil {
		return translate(ctx, err)
	}
	if mode != "wal" {
		return fmt.Errorf("journal mode is %s instead of wal: the file system does not support it", mode)
	}
	return nil
}
