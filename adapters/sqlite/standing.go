package sqlite

import (
	"fmt"
	"os"
	"runtime"
)

// parts are the suffixes of the files of a database: itself, its write-ahead
// log and the index of that log.
var parts = [...]string{"", "-wal", "-shm"}

// The places of parts.
const (
	database = iota
	log
)

type found [len(parts)]os.FileInfo

// lookAt returns the files that are at the paths now. It opens none of them:
// closing a file that SQLite has open would release its locks.
func lookAt(path string) (found, error) {
	var files found
	for i, suffix := range parts {
		info, err := os.Stat(path + suffix)
		if err != nil {
			return files, fmt.Errorf("a file of the database is missing: %w; restart the service once it is restored", err)
		}
		files[i] = info
	}
	return files, nil
}

// progress is how far the log has been copied into the database, in frames.
type progress struct {
	Busy         int `db:"busy"`
	Log          int `db:"log"`
	Checkpointed int `db:"checkpointed"`
}

// standing is the last known good state of the files of a database: they were those
// that SQLite has open, and only SQLite had written to them.
type standing struct {
	files    found
	progress progress
}

// replaced returns an error if files are not those of s.
func (s *standing) replaced(path string, files found) error {
	for i, suffix := range parts {
		if !os.SameFile(s.files[i], files[i]) {
			return fmt.Errorf("%s was replaced while it was open; restart the service", path+suffix)
		}
	}
	return nil
}

// written reports whether the database file was written to since s. It returns
// false on Windows, which updates the time of a file late.
func (s *standing) written(files found) bool {
	return runtime.GOOS != "windows" && differ(s.files[database], files[database])
}

// explains reports whether SQLite may have written to the database file between s and a
// later state. In WAL mode only a checkpoint writes to it, and it either advances or,
// once a whole log was copied, lets the log start over. A log that was completely
// copied in both states, as an empty log is, has started over if it was written to in
// between, although it may be as long as before.
func (s *standing) explains(files found, now progress) bool {
	return now.Checkpointed != s.progress.Checkpointed || now.Log < s.progress.Log ||
		s.progress.copied() && now.copied() && differ(s.files[log], files[log])
}

// copied reports whether the whole log has been copied into the database.
func (p progress) copied() bool { return p.Checkpointed == p.Log }

func differ(a, b os.FileInfo) bool {
	return a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime())
}
