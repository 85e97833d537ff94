package fault

import (
	"slices"
	"sync"
	"testing"
)

// fleet is a set of services behind one address that come and go. Each request
// of a client goes to the next service.
type fleet struct {
	mu       sync.Mutex
	services []*world
}

func (f *fleet) all() []*world {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.services)
}

// turn returns the service for a client's nth request.
func (f *fleet) turn(n int) *world {
	services := f.all()
	return services[n%len(services)]
}

func (f *fleet) add(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.services = append(f.services, p.world)
}

// retire sends no further requests to the service, and stops it once the
// clients of tr have its responses.
func (f *fleet) retire(t *testing.T, tr *traffic, p *process) {
	t.Helper()
	f.mu.Lock()
	f.services = slices.DeleteFunc(slices.Clone(f.services), func(w *world) bool { return w == p.world })
	f.mu.Unlock()
	tr.goesOn(2)
	p.end(t)
}
