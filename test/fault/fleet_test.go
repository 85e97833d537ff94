package fault

import (
	"slices"
	"sync"
	"testing"
)

// fleet is what stands behind one address: services that come and go, and
// clients that are led to the next with each request.
type fleet struct {
	mu       sync.Mutex
	services []*world
}

func (f *fleet) all() []*world {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.services)
}

// turn returns the service of a client's nth request.
func (f *fleet) turn(n int) *world {
	services := f.all()
	return services[n%len(services)]
}

func (f *fleet) add(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.services = append(f.services, p.world)
}

// retire leads nobody to the service any more, and stops it once the clients
// of tr have their answers from it.
func (f *fleet) retire(t *testing.T, tr *traffic, p *process) {
	t.Helper()
	f.mu.Lock()
	f.services = slices.DeleteFunc(slices.Clone(f.services), func(w *world) bool { return w == p.world })
	f.mu.Unlock()
	tr.goesOn(2)
	p.end(t)
}
