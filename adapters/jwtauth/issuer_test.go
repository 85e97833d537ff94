package jwtauth_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
)

// keyServer serves a key set over HTTP and counts the requests.
type keyServer struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
	hits   atomic.Int64
}

func serveKeys(t testing.TB, document []byte) *keyServer {
	t.Helper()
	s := &keyServer{}
	s.serve(document)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		(*s.answer.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *keyServer) serve(document []byte) {
	s.handle(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(document) })
}

func (s *keyServer) handle(h http.HandlerFunc) { s.answer.Store(&h) }

func wantFetches(t *testing.T, s *keyServer, want int64) {
	t.Helper()
	if got := s.hits.Load(); got != want {
		t.Errorf("the keys were fetched %d times, want %d", got, want)
	}
}

// clock is a clock that stands still until it is advanced.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// config returns a configuration that trusts issuer, with the clock at now.
func config(changes ...func(*jwtauth.Config)) jwtauth.Config {
	c := jwtauth.Config{Issuer: issuer, Audience: audience, Now: func() time.Time { return now }}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func fromURL(url string) func(*jwtauth.Config) {
	return func(c *jwtauth.Config) { c.JWKSURL = url }
}

func fromFile(path string) func(*jwtauth.Config) {
	return func(c *jwtauth.Config) { c.JWKSFile = path }
}

func onClock(c *clock) func(*jwtauth.Config) {
	return func(config *jwtauth.Config) { config.Now = c.now }
}

func start(t testing.TB, c jwtauth.Config) *jwtauth.Authenticator {
	t.Helper()
	a, err := jwtauth.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// trusting starts an authenticator with a file that contains document.
func trusting(t testing.TB, document []byte) *jwtauth.Authenticator {
	t.Helper()
	return start(t, config(fromFile(keyFile(t, document))))
}

func keyFile(t testing.TB, document []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
