package application_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// brokenRecorder is an embedder's recorder that panics.
type brokenRecorder struct{ ports.UsageRecorder }

func (brokenRecorder) RecordUse(context.Context, ports.UsageBatch) error {
	panic("the marked value")
}

func (brokenRecorder) Rehash(context.Context, []domain.Rehash) error { panic("the marked value") }

func TestUsage_SurvivesAPanicOfTheRecorder(t *testing.T) {
	t.Parallel()
	w := newUsageWorldOf(t, hasherOf(t, "p2", "p1"), brokenRecorder{})
	w.check(t, clock())
	err := w.usage.Flush(t.Context())
	if !errors.Is(err, domain.ErrPanicked) || strings.Contains(err.Error(), "the marked value") {
		t.Errorf("Flush() = %v", err)
	}
	if got := w.usage.Stats(); got.FailedFlushes != 2 || got.Pending != 1 {
		t.Errorf("%+v, want the use and the rehash queued for the next flush", got)
	}
}

// brokenIdempotencyStore is an embedder's store that panics.
type brokenIdempotencyStore struct{ ports.IdempotencyStore }

func (brokenIdempotencyStore) Forget(context.Context, time.Time, int) (int, error) {
	panic("the marked value")
}

func TestForget_SurvivesAPanicOfTheStore(t *testing.T) {
	t.Parallel()
	err := application.NewForget(brokenIdempotencyStore{}, nil, nil, nil, slog.New(slog.DiscardHandler), clock).Do(t.Context())
	if !errors.Is(err, domain.ErrPanicked) || strings.Contains(err.Error(), "the marked value") {
		t.Errorf("Do() = %v", err)
	}
}

func TestContained_ReportsTypeAndStackOfAPanic(t *testing.T) {
	t.Parallel()
	err := application.Contained("a call", func() error { panic("the marked value") })
	for _, part := range []string{"a call panicked with a string", "contained_test.go"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q", part)
		}
	}
	if want := errors.New("its own"); !errors.Is(application.Contained("a call", func() error { return want }), want) {
		t.Error("an error was changed")
	}
}
