package application

import (
	"errors"
	"sync"
	"sync/atomic"
)

// inParallel calls do with each number from 0 to n-1, at most atOnce at the same time,
// and returns its errors. After an error it makes no further calls. It does not recover
// panics.
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
