package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// binaries is a PostgreSQL installation on this machine.
type binaries struct {
	dir  string              // contains initdb and postgres
	user *syscall.Credential // the account that runs them; nil for the current one
}

// findBinaries returns an installation and the account to run it.
func findBinaries() (binaries, error) {
	dir, err := machine().find()
	if err != nil {
		return binaries{}, err
	}
	user, err := serverAccount()
	if err != nil {
		return binaries{}, err
	}
	return binaries{dir: dir, user: user}, nil
}

// makeReachable copies the installation into h if the account cannot enter its
// folder, for example in a checkout in root's home.
func (b *binaries) makeReachable(h *home) error {
	err := b.run(h, "postgres", "--version")
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	prefix := filepath.Dir(b.dir)
	const name = "postgres"
	copied := filepath.Join(h.path, name)
	if err := os.CopyFS(copied, os.DirFS(prefix)); err != nil {
		return fmt.Errorf("copy PostgreSQL to where its user can read it: %w", err)
	}
	b.dir = filepath.Join(copied, filepath.Base(b.dir))
	return h.give(name)
}

// run runs one of the binaries and waits for it.
func (b *binaries) run(h *home, name string, args ...string) error {
	p, err := b.start(h, name, args...)
	if err != nil {
		return err
	}
	<-p.ended
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", name, p.err, h.logTail())
	}
	return nil
}

// start starts one of the binaries in h, with its output in h's log and without the
// environment, in which variables such as PGDATA and PGPORT would affect it.
func (b *binaries) start(h *home, name string, args ...string) (*process, error) {
	log, err := h.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.CommandContext(context.Background(), filepath.Join(b.dir, name), args...)
	cmd.Dir = h.path
	cmd.Env = []string{"PATH=" + b.dir + ":/usr/bin:/bin", "HOME=" + h.path, "LC_ALL=C", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childOf(b.user)
	return startProcess(cmd)
}
