package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
)

// Standby returns a new hot standby of s with streaming replication, which is removed
// when t ends. It stops s while copying the files, and restarts it at the same
// address.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	follower, err := s.instance.follower()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := follower.remove(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return &Server{t: t, instance: follower}
}

// Disconnect ends the replication from the primary of a standby, which it restarts at the
// same address.
func (s *Server) Disconnect() {
	s.t.Helper()
	s.instance.settings.set("primary_conninfo", "") // the last value counts
	s.Restart()
}

// Exec executes one statement as the superuser in the database "postgres".
func (s *Server) Exec(statement string) {
	s.t.Helper()
	if err := s.instance.admin().exec(statement); err != nil {
		s.t.Fatalf("pgtest: %s: %v", statement, err)
	}
}

// Host returns the address of the server as host:port.
func (s *Server) Host() string { return s.instance.admin().at.Host }

func (i *instance) follower() (*instance, error) {
	h, err := newHome(i.settings.folder(), i.binaries.user)
	if err != nil {
		return nil, err
	}
	f := &instance{binaries: i.binaries, home: h, settings: i.settings, password: i.password}
	f.settings.args = append([]string(nil), i.settings.args...)
	f.settings.set("primary_conninfo", fmt.Sprintf("host=%s port=%s user=%s password=%s", loopback, i.port, superuser, i.password))
	if err := errors.Join(i.copyTo(f), f.startOnFreePort()); err != nil {
		return nil, errors.Join(err, f.remove())
	}
	return f, nil
}

// copyTo copies the files of i to f while i is stopped, so that they are consistent
// without a backup program.
func (i *instance) copyTo(f *instance) error {
	if err := i.stop(Fast); err != nil {
		return err
	}
	copied := i.copyData(f.home)
	restarted := i.start()
	signal := filepath.Join(filepath.Base(f.home.data()), "standby.signal")
	_, signalled := f.home.writeFile(signal, "")
	return errors.Join(copied, restarted, signalled,
		f.binaries.makeReachable(f.home), f.home.give("."))
}

// URLOf returns databaseURL with the host and port of s.
func (s *Server) URLOf(databaseURL string) string {
	at, err := url.Parse(databaseURL)
	if err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
	at.Host = s.Host()
	return at.String()
}
