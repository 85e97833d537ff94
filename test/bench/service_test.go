package bench

import (
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/serving"
)

const (
	workspace  = "ws_1"
	account    = "acc-7"
	portal     = "PARTNER"
	clientHash = "device-1"
	pepperID   = "p1"
	// unlimited is a rate limit and a cap that is never reached but costs as much
	// as the default.
	unlimited = 1e9
)

// service is a side with a complete service, and the connections of its clients.
type service struct {
	address     string // host:port of the public listener
	issuer      *jwttest.Issuer
	connections []*connection
	unavailable atomic.Int64 // number of 503 responses
}

// newService starts a service configured like that of "apikeys serve", including a
// log.
func newService(t testing.TB, databaseURL string) *service {
	t.Helper()
	issuer := jwttest.NewEd25519Issuer(t)
	s := &service{address: newServing(t, settings(t, issuer, databaseURL)).Public, issuer: issuer}
	t.Cleanup(s.disconnect)
	return s
}

func settings(t testing.TB, issuer *jwttest.Issuer, databaseURL string) config.Config {
	t.Helper()
	cfg := serving.ConfigTrusting(t, issuer)
	cfg.DatabaseURL = config.Secret(databaseURL)
	cfg.ManagementRate = unlimited
	cfg.MaxKeysPerWorkspace = unlimited
	return cfg
}

// newLogger returns a logger that formats and writes every line, to /dev/null.
func newLogger(t testing.TB) *slog.Logger {
	t.Helper()
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nowhere.Close() })
	return slog.New(slog.NewJSONHandler(nowhere, nil))
}

// token returns a token of an owner of the workspace.
func (s *service) token(t testing.TB) string {
	t.Helper()
	return s.issuer.Token(t, jwttest.Claims{
		Account:    account,
		Portal:     portal,
		Workspaces: map[string]string{workspace: "OWNER"},
	})
}

func (s *service) clients(t testing.TB, n, _ int) []client {
	t.Helper()
	s.disconnect()
	all := make([]client, n)
	for i := range all {
		c := connect(t, s.address, s.token(t))
		s.connections = append(s.connections, c)
		all[i] = func(int) error { return s.create(c) }
	}
	return all
}

// idempotent is a service whose clients send each request with an idempotency key, as
// the package client does.
type idempotent struct{ *service }

func (s idempotent) clients(t testing.TB, n, keys int) []client {
	t.Helper()
	all := s.service.clients(t, n, keys)
	for _, c := range s.connections {
		c.useIdempotencyKeys()
	}
	return all
}

// maxTries is the maximum number of requests for one key.
const maxTries = 10

// create creates one key. It retries after a 503, which the service returns if the
// disk stalls for too long; the time for that counts for the service.
func (s *service) create(c *connection) error {
	err := errUnavailable
	for try := 0; try < maxTries && errors.Is(err, errUnavailable); try++ {
		if err = c.create(); errors.Is(err, errUnavailable) {
			s.unavailable.Add(1)
		}
	}
	return err
}

func (s *service) disconnect() {
	for _, c := range s.connections {
		c.Close()
	}
	s.connections = nil
}
