package pgtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	loopback     = "127.0.0.1"
	superuser    = "postgres"
	startTimeout = 60 * time.Second
	stopTimeout  = 60 * time.Second
	pollInterval = 20 * time.Millisecond
)

// StopMode is a way to stop a server.
type StopMode int

// The stop modes.
const (
	// Fast rolls back open transactions, disconnects all clients and shuts down
	// cleanly.
	Fast StopMode = iota
	// Immediate stops like a crash: the next start recovers from the log.
	Immediate
)

func (m StopMode) signal() syscall.Signal {
	if m == Immediate {
		return syscall.SIGQUIT
	}
	return syscall.SIGINT
}

// instance is a server that this package manages: its files, its address and, while
// it runs, its process.
type instance struct {
	binaries binaries
	home     *home
	settings settings
	password string
	port     string
	process  *process
}

// newInstance returns a running server.
func newInstance(s settings) (*instance, error) {
	found, err := findBinaries()
	if err != nil {
		return nil, err
	}
	sweep(os.TempDir())
	sweep(memoryFolder)
	h, err := newHome(s.folder(), found.user)
	if err != nil {
		return nil, err
	}
	i := &instance{binaries: found, home: h, settings: s, password: rand.Text()}
	if err := i.prepare(); err != nil {
		return nil, errors.Join(err, i.remove())
	}
	return i, nil
}

func (i *instance) prepare() error {
	if err := i.binaries.makeReachable(i.home); err != nil {
		return err
	}
	if err := i.fill(); err != nil {
		return err
	}
	return i.startOnFreePort()
}

// fill creates the data directory.
func (i *instance) fill() error {
	if i.settings.identity {
		return i.initialize()
	}
	from, err := original(i.binaries)
	switch {
	case err != nil:
		return err
	case from == nil:
		return i.initialize()
	}
	i.password = from.password
	return errors.Join(from.copyData(i.home), i.home.give("."))
}

// rules say how clients authenticate. Other users of the machine can reach the server
// over TCP, but cannot enter the socket's folder. A password in clear text, which does
// not leave the machine, costs a connection a third of what SCRAM does under the race
// detector.
const rules = `local all         all      trust
host  all         ` + SCRAMRole + ` ` + loopback + `/32 scram-sha-256
host  all         all      ` + loopback + `/32 password
host  replication all      ` + loopback + `/32 password
`

// SCRAMRole is the name of the role that authenticates by SCRAM-SHA-256, as PostgreSQL
// demands by default. The test that needs the role creates it.
const SCRAMRole = "by_scram"

// initialize creates the data directory with initdb.
func (i *instance) initialize() error {
	verifier, err := scramVerifier(i.password)
	if err != nil {
		return err
	}
	passwordFile, err := i.home.writeFile("password", verifier)
	if err != nil {
		return err
	}
	if err := i.binaries.run(i.home, "initdb",
		"--pgdata="+i.home.data(), "--username="+superuser, "--pwfile="+passwordFile,
		"--auth-host=password", "--auth-local=trust",
		"--encoding=UTF8", "--no-locale", "--no-sync"); err != nil {
		return err
	}
	_, err = i.home.writeFile(filepath.Join(filepath.Base(i.home.data()), "pg_hba.conf"), rules)
	return err
}

// startOnFreePort chooses the port and starts the server. It tries other ports if
// that fails, because another process can take a port before the server binds it.
func (i *instance) startOnFreePort() error {
	var failures error
	for range 5 {
		port, err := freePort()
		if err != nil {
			return err
		}
		i.port = port
		if err = i.start(); err == nil {
			return nil
		}
		failures = errors.Join(failures, err)
	}
	return failures
}

// start starts the server on its port and waits until it is ready.
func (i *instance) start() error {
	p, err := i.binaries.start(i.home, "postgres", i.settings.at(i.home, i.port)...)
	if err != nil {
		return err
	}
	i.process = p
	if err := i.awaitReady(); err != nil {
		_ = i.stop(Immediate)
		return fmt.Errorf("%w\n%s", err, i.home.logTail())
	}
	return nil
}

// awaitReady does not connect before the server says that it is ready, because that costs
// more than reading a file.
func (i *instance) awaitReady() error {
	deadline := time.After(startTimeout)
	for {
		err := errors.New("it is starting")
		if i.saysReady() {
			err = i.admin().ping()
		}
		if err == nil {
			return nil
		}
		select {
		case <-i.process.ended:
			return errors.New("PostgreSQL exited during startup")
		case <-deadline:
			return fmt.Errorf("PostgreSQL does not respond: %w", err)
		case <-time.After(pollInterval):
		}
	}
}

func (i *instance) saysReady() bool {
	said, err := readPostmasterPID(filepath.Join(i.home.data(), "postmaster.pid"))
	return err == nil && said.pid == i.process.cmd.Process.Pid && (said.status == "ready" || said.status == "standby")
}

// stop stops the process, if there is one, and waits until it has exited.
func (i *instance) stop(mode StopMode) error {
	if i.process == nil {
		return nil
	}
	err := i.process.end(mode.signal(), stopTimeout)
	i.process = nil
	return err
}

// remove stops the server and deletes its files.
func (i *instance) remove() error { return errors.Join(i.stop(Immediate), i.home.remove()) }

// copyData copies the files of i, which must be stopped, to h.
func (i *instance) copyData(h *home) error {
	return errors.Join(os.Mkdir(h.data(), 0o700), os.CopyFS(h.data(), os.DirFS(i.home.data())))
}

func (i *instance) admin() admin {
	return admin{at: url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, i.password),
		Host:     net.JoinHostPort(loopback, i.port),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}, copies: !i.settings.disk}
}
