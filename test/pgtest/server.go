package pgtest

import "testing"

// Server is a PostgreSQL that one test has for itself, to stop and restart.
// URL and NewDatabase are safe for concurrent use; Stop and Restart are for
// the goroutine of the test.
type Server struct {
	t        testing.TB
	instance *instance
}

// Option changes how a [Server] runs.
type Option func(*settings)

// WithDurability makes a commit outlive a crash, as in production. Without
// it the server never waits for the disk.
func WithDurability() Option {
	return func(s *settings) {
		s.set("fsync", "on")
		s.set("full_page_writes", "on")
		s.set("synchronous_commit", "on")
	}
}

// Start returns a running server, which is removed when t ends. It always
// needs binaries: a server that others use is not there to be stopped.
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

// URL returns how to reach the database of that name. Host and port stay the
// same for the life of the server; "postgres" is always there.
func (s *Server) URL(db string) string { return s.instance.admin().url(db) }

// NewDatabase returns the URL of a new, empty database. It goes with the server.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	db, err := s.instance.admin().create()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return s.URL(db)
}

// Stop ends the server and returns when it is gone. A stopped one stays so.
func (s *Server) Stop(mode StopMode) {
	s.t.Helper()
	if err := s.instance.stop(mode); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}

// Restart brings the server back at the same address with the data it had,
// stopping it first if it runs, and returns when it answers.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.instance.stop(Fast); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
	if err := s.instance.start(); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}
