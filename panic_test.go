package apikeys_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/serving"
)

// broken is an embedder's repository with a part that panics when the service
// calls it in the background.
type broken struct {
	*memory.KeyRepository

	follow, wake, close bool
	migrations          []error // nil panics
}

func (b *broken) Follow() ports.ChangeFeed {
	if b.follow {
		panic("the marked value")
	}
	return brokenFeed{b.KeyRepository.Follow(), b}
}

func (*broken) Examine(context.Context) error { return nil }

func (*broken) NewerSchema(context.Context) (int64, error) { return 0, nil }

func (b *broken) Migrate(context.Context) error {
	if len(b.migrations) == 0 {
		return nil
	}
	err := b.migrations[0]
	b.migrations = b.migrations[1:]
	if err == nil {
		panic("the marked value")
	}
	return err
}

type brokenFeed struct {
	ports.ChangeFeed

	of *broken
}

func (f brokenFeed) Wake() <-chan struct{} {
	if f.of.wake {
		panic("the marked value")
	}
	return f.ChangeFeed.Wake()
}

func (f brokenFeed) Close() error {
	if f.of.close {
		panic("the marked value")
	}
	return f.ChangeFeed.Close()
}

func TestService_SurvivesAPanicOfARepositoryInTheBackground(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		repository broken
		logged     string
	}{
		"when it is followed":         {broken{follow: true}, "following the changes panicked with a string"},
		"when its feed wakes":         {broken{wake: true}, "following the changes panicked with a string"},
		"when its feed is closed":     {broken{close: true}, "closing the change feed panicked with a string"},
		"when it retries a migration": {broken{migrations: []error{domain.ErrUnavailable, nil}}, "bringing the schema up to date panicked with a string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				tc.repository.KeyRepository = memory.NewKeyRepository()
				service := startable(t, serving.Config(),
					apikeys.WithStore(apikeys.Store{Keys: &tc.repository, Changes: &tc.repository, Schema: &tc.repository}),
					apikeys.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				<-time.After(time.Minute) // of the bubble
				if err := service.Close(); err != nil {
					t.Error(err)
				}
				if text := log.String(); !strings.Contains(text, tc.logged) || strings.Contains(text, "the marked value") {
					t.Errorf("logged: %s", text)
				}
			})
		})
	}
}
