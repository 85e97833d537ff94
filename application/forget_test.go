package application_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/ports"
)

// onces is a store with held expired idempotency keys.
type onces struct {
	ports.OnceKeeper
	held    int
	err     error
	batches []int
}

func (o *onces) Forget(_ context.Context, since time.Time, limit int) (int, error) {
	n := min(o.held, limit)
	o.held -= n
	o.batches = append(o.batches, n)
	if !since.Equal(now) {
		return 0, errors.New("wrong time")
	}
	return n, o.err
}

func TestForget_RemovesEverythingInBatches(t *testing.T) {
	t.Parallel()
	held := &onces{held: 2500}
	if err := application.NewForget(held, slog.New(slog.DiscardHandler), clock).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1000, 1000, 500}, held.batches); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

func TestForget_ContinuesAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := &onces{held: 7, err: errors.New("down")}
		ctx, cancel := context.WithCancel(t.Context())
		go application.NewForget(held, slog.New(slog.DiscardHandler), clock).Run(ctx)
		<-time.After(25 * time.Minute)
		cancel()
		synctest.Wait()
		if diff := cmp.Diff([]int{7, 0}, held.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}
