package model

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/serving"
)

// A sequence has stepsPerSequence operations on average. Each store runs checks of rapid,
// of a few sequences each, until fewestSteps operations were compared.
const (
	stepsPerSequence  = "150"
	sequencesPerCheck = "10"
	fewestSteps       = 10_000
)

func TestMain(m *testing.M) {
	if err := errors.Join(flag.Set("rapid.steps", stepsPerSequence), flag.Set("rapid.checks", sequencesPerCheck)); err != nil {
		panic(err)
	}
	pgtest.Main(m)
}

type clock struct{ at atomic.Pointer[time.Time] }

func (c *clock) Now() time.Time  { return *c.at.Load() }
func (c *clock) Set(t time.Time) { c.at.Store(&t) }

func TestService_MatchesTheModel(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t testing.TB) string{
		"memory":   func(testing.TB) string { return "memory://" },
		"sqlite":   func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "apikeys.db") },
		"postgres": func(t testing.TB) string { return pgtest.NewDatabase(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := new(clock)
			clock.Set(time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC))
			service := newService(t, url(t), clock.Now)
			sequences, steps := 0, 0
			sequence := func(t *rapid.T) {
				sequences++
				m := &machine{service: service, clock: clock, model: newModel(maximum), steps: &steps}
				for _, name := range []string{"a", "b"} {
					m.workspaces = append(m.workspaces, fmt.Sprintf("ws-%d-%s", sequences, name))
				}
				t.Repeat(rapid.StateMachineActions(m))
			}
			for steps < fewestSteps {
				before := steps
				rapid.Check(t, sequence)
				if steps == before {
					t.Fatal("no operation was compared")
				}
			}
		})
	}
}

const maximum = 6

func newService(t *testing.T, databaseURL string, now func() time.Time) *apikeys.Service {
	t.Helper()
	issuer := jwttest.NewIssuer(t)
	cfg := serving.ConfigTrusting(t, issuer)
	cfg.DatabaseURL = config.Secret(databaseURL)
	cfg.MaxKeysPerWorkspace = maximum
	service, err := apikeys.New(t.Context(), cfg, apikeys.WithClock(now), apikeys.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	})
	return service
}
