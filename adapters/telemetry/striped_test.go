package telemetry

import (
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/slaunchx/apikeys/domain"
)

func TestStriped_aStripeIsAPairOfCacheLines(t *testing.T) {
	t.Parallel()
	var s striped
	if size := unsafe.Sizeof(s.stripes[0]); size != stripeSize {
		t.Errorf("a stripe has %d bytes, want %d", size, stripeSize)
	}
}

func TestHere_spreadsGoroutines(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg, all sync.WaitGroup
	const goroutines = 200
	all.Add(goroutines)
	for range goroutines {
		wg.Go(func() {
			stripe := here()
			all.Done()
			all.Wait() // so that no stack is used twice
			mu.Lock()
			defer mu.Unlock()
			seen[stripe] = true
		})
	}
	wg.Wait()
	if len(seen) < 32 {
		t.Errorf("%d goroutines count in %d stripes of 64", goroutines, len(seen))
	}
}

func BenchmarkCheck(b *testing.B) {
	b.Run("counted and timed", func(b *testing.B) {
		m := New(Options{})
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				m.EndCheck(m.BeginCheck(), domain.VerdictOK, nil)
			}
		})
	})
	b.Run("counted", func(b *testing.B) {
		var s striped
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				s.add(okSlot)
			}
		})
	})
	b.Run("one atomic for all", func(b *testing.B) {
		var n atomic.Uint64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n.Add(1)
			}
		})
	})
}
