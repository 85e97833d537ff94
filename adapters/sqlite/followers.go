package sqlite

import "sync"

// followers are woken by the writes of this process. The zero value has none.
type followers struct {
	mu    sync.Mutex
	wakes map[chan struct{}]struct{}
}

func (f *followers) join() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wakes == nil {
		f.wakes = make(map[chan struct{}]struct{})
	}
	wake := make(chan struct{}, 1)
	f.wakes[wake] = struct{}{}
	return wake
}

func (f *followers) leave(wake chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.wakes, wake)
}

func (f *followers) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for wake := range f.wakes {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}
