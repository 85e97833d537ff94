package application_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// expiredKeys is a store with held expired idempotency keys.
type expiredKeys struct {
	ports.IdempotencyStore
	held    int
	err     error
	batches []int
}

func (k *expiredKeys) Forget(_ context.Context, since time.Time, limit int) (int, error) {
	n := min(k.held, limit)
	k.held -= n
	k.batches = append(k.batches, n)
	if !since.Equal(now) {
		return 0, errors.New("wrong time")
	}
	return n, k.err
}

func TestForget_RemovesBatchesUntilOneIsNotFull(t *testing.T) {
	t.Parallel()
	for held, want := range map[int][]int{
		2500: {1000, 1000, 500},
		2000: {1000, 1000, 0},
	} {
		keys := &expiredKeys{held: held}
		if err := application.NewForget(keys, nil, nil, nil, slog.New(slog.DiscardHandler), clock).Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, keys.batches); diff != "" {
			t.Errorf("batches of %d keys (-want +got):\n%s", held, diff)
		}
	}
}

func TestForget_ContinuesAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := &expiredKeys{held: 7, err: errors.New("down")}
		ctx, cancel := context.WithCancel(t.Context())
		go application.NewForget(held, nil, nil, nil, slog.New(slog.DiscardHandler), clock).Run(ctx)
		<-time.After(25 * time.Minute)
		cancel()
		synctest.Wait()
		if diff := cmp.Diff([]int{7, 0}, held.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

func TestForget_EndsWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	held := &expiredKeys{held: 5000, err: down}
	err := application.NewForget(held, nil, nil, nil, slog.New(slog.DiscardHandler), clock).Do(t.Context())
	if !errors.Is(err, down) || len(held.batches) != 1 {
		t.Errorf("Do() = %v after %d batches, want the failure after one", err, len(held.batches))
	}
}

func TestForget_LogsAFailureUnlessItIsStopping(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stop bool // while the store is called
		want string
	}{
		"a failure":                   {false, "cannot remove expired idempotency keys"},
		"a failure of a stopping run": {true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				store := failingForget(func() {
					if tc.stop {
						cancel()
					}
				})
				go application.NewForget(store, nil, nil, nil, slog.New(slog.NewTextHandler(&log, nil)), clock).Run(ctx)
				<-time.After(11 * time.Minute)
				cancel()
				synctest.Wait()
				if got := log.String(); (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
					t.Errorf("the log is %q, want %q", got, tc.want)
				}
			})
		})
	}
}

// failingForget is a store that fails after calling f.
type failingForget func()

func (failingForget) Replayed(context.Context, domain.WorkspaceID, ports.Idempotency) (*ports.Replayed, error) {
	return nil, nil
}

func (f failingForget) Forget(ctx context.Context, _ time.Time, _ int) (int, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return 0, errors.New("the batch has no deadline")
	}
	f()
	return 0, errors.New("down")
}
