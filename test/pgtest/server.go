package pgtest

import "testing"

// Server is a PostgreSQL server of one test, which may stop and restart it. URL and
// NewDatabase are safe for concurrent use; Stop and Restart must be called from the
// goroutine of the test.
type Server struct {
	t        testing.TB
	instance *instance
}

// Option configures a [Server].
type Option func(*settings)

// WithDurability makes commits survive a crash of the server, as in production. By
// default the server does not sync its files.
func WithDurability() Option {
	return func(s *settings) {
		s.set("fsync", "on")
		s.set("full_page_writes", "on")
		s.set("synchronous_commit", "on")
	}
}

// OnDisk stores the files of the server on a disk. By default they are in memory if there
// is enough.
func OnDisk() Option { return func(s *settings) { s.disk = true } }

// WithOwnIdentity gives the server a system identifier of its own, which takes a second.
// By default all servers of a test binary are copies of one.
func WithOwnIdentity() Option { return func(s *settings) { s.identity = true } }

// Start returns a running server, which is removed when t ends. It always requires
// binaries, because a shared server must not be stopped.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	settings := defaultSettings()
	for _, option := range options {
		option(&settings)
	}
	instance, err := newInstance(settings)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := instance.remove(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return &Server{t: t, instance: instance}
}

// URL returns the URL of the database db. The host and port never change, and the
// database "postgres" always exists.
func (s *Server) URL(db string) string { return s.instance.admin().url(db) }

// NewDatabase returns the URL of a new, empty database. It is removed with the
// server.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	db, err := s.instance.admin().create(emptyTemplate)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return s.URL(db)
}

// Stop stops the server and waits until it has exited. It has no effect on a stopped
// server.
func (s *Server) Stop(mode StopMode) {
	s.t.Helper()
	if err := s.instance.stop(mode); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}

// Restart starts the server again with the same address and data, after stopping it
// if it runs, and waits until it is ready.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.instance.stop(Fast); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
	if err := s.instance.start(); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}
