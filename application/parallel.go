package application

import (
	"errors"
	"sync"
	"sync/atomic"
)

// inParallel calls do with the numbers below n, at most atOnce at the same time, and
// returns its errors. It makes no further calls after one. It does not recover panics.
func inParallel(n, atOnce int, do func(i int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var failed atomic.Bool
	var workers sync.WaitGroup
	for range min(n, atOnce) {
		workers.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[i] = do(i); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}
