package striped

import (
	"sync"
	"testing"
)

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

func TestCounters_missNothing(t *testing.T) {
	t.Parallel()
	const goroutines, each = 50, 1000
	var c Counters
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				c.Add(3)
			}
		})
	}
	wg.Wait()
	if n := c.Sum(3); n != goroutines*each {
		t.Errorf("counted %d, want %d", n, goroutines*each)
	}
	if n := c.Sum(4); n != 0 {
		t.Errorf("a slot in which nothing was counted has %d", n)
	}
}
