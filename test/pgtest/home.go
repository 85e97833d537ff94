package pgtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	homePattern = "apikeys-pgtest-*"
	lockName    = "lock"
	logName     = "server.log"
	tailBytes   = 4096 // of the log, shown when a server fails
)

// home is the folder of one server, with its data, socket and log. It belongs to the
// server's account, and no other account can enter it.
//
// It is not in t.TempDir(), whose parent the account cannot enter.
type home struct {
	path string
	user *syscall.Credential
	// lock is held while this process lives. The kernel releases it however the
	// process ends, so a home that is not locked is garbage.
	lock *os.File
}

func newHome(tmp string, user *syscall.Credential) (*home, error) {
	path, err := os.MkdirTemp(tmp, homePattern)
	if err != nil {
		return nil, err
	}
	h := &home{path: path, user: user}
	if err := errors.Join(h.give("."), h.takeLock()); err != nil {
		return nil, errors.Join(err, h.remove())
	}
	return h, nil
}

// takeLock locks a file before giving it the name that sweep checks.
func (h *home) takeLock() error {
	f, err := os.CreateTemp(h.path, "unlocked-*")
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(err, f.Close())
	}
	h.lock = f
	return os.Rename(f.Name(), filepath.Join(h.path, lockName))
}

func (h *home) data() string { return filepath.Join(h.path, "data") }

// give makes the server's account the owner of name in h and all below it. It
// follows no links out of h, because that account may already have written to h.
func (h *home) give(name string) error {
	if h.user == nil {
		return nil
	}
	root, err := os.OpenRoot(h.path)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), name, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(path, int(h.user.Uid), int(h.user.Gid))
	})
}

// writeFile writes a file that only the server's account can read, and returns its
// path.
func (h *home) writeFile(name, content string) (string, error) {
	path := filepath.Join(h.path, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", err
	}
	return path, h.give(name)
}

func (h *home) openLog() (*os.File, error) {
	return os.OpenFile(filepath.Join(h.path, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// logTail returns the end of the log.
func (h *home) logTail() string {
	content, err := os.ReadFile(filepath.Join(h.path, logName))
	if err != nil {
		return err.Error()
	}
	content = content[max(0, len(content)-tailBytes):]
	return string(bytes.TrimSpace(content))
}

// remove deletes the home.
func (h *home) remove() error {
	err := os.RemoveAll(h.path)
	if h.lock != nil {
		err = errors.Join(err, h.lock.Close())
	}
	return err
}
