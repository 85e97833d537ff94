package keycache

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func TestLoads_DoesNotReadForACallerThatWaitedAllItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLoads[*application.KnownKey](1, time.Second)
		var reads atomic.Int64
		slow := func(context.Context) (*application.KnownKey, error) {
			reads.Add(1)
			<-time.After(900 * time.Millisecond)
			return nil, domain.ErrKeyNotFound
		}
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = l.do(t.Context(), "first", slow) })
		synctest.Wait()
		wg.Go(func() { _, _ = l.do(t.Context(), "second", slow) })
		synctest.Wait()
		wg.Go(func() {
			if _, err := l.do(t.Context(), "third", slow); !errors.Is(err, errNotRead) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v", err)
			}
		})
		wg.Wait()
		<-time.After(time.Second) // in which the second read ends
		if got := reads.Load(); got != 2 {
			t.Errorf("%d reads, want 2", got)
		}
	})
}

func TestLoads_AreFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLoads[*application.KnownKey](1, time.Second)
		var read []string // one at a time
		var wg sync.WaitGroup
		for i := range 5 {
			name := strconv.Itoa(i)
			wg.Go(func() {
				_, _ = l.do(t.Context(), name, func(context.Context) (*application.KnownKey, error) {
					<-time.After(time.Millisecond)
					read = append(read, name)
					return nil, nil
				})
			})
			synctest.Wait()
		}
		wg.Wait()
		for i, name := range read {
			if name != strconv.Itoa(i) {
				t.Fatalf("read in the order %v", read)
			}
		}
		if len(read) != 5 {
			t.Errorf("%d were read for", len(read))
		}
	})
}

func TestLoads_GiveAReadItsOwnDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLoads[*application.KnownKey](1, time.Second)
		begun := time.Now()
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan time.Duration, 1)
		go leave()
		_, err := l.do(ctx, "key", func(ctx context.Context) (*application.KnownKey, error) {
			<-ctx.Done()
			ended <- time.Since(begun)
			return nil, ctx.Err()
		})
		if !errors.Is(err, errNotRead) || time.Since(begun) != 0 {
			t.Errorf("who left got %v after %v", err, time.Since(begun))
		}
		if got := <-ended; got != time.Second {
			t.Errorf("the read ended after %v", got)
		}
	})
}
