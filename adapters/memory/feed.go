package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// feed implements ports.ChangeFeed. It holds the IDs of the keys that changed
// since the last poll.
type feed struct {
	repo    *KeyRepository
	wake    chan struct{}
	changed map[domain.KeyID]struct{} // guarded by repo.mu
	polled  bool
}

// Follow implements ports.ChangeSource.
func (r *KeyRepository) Follow() ports.ChangeFeed {
	f := &feed{repo: r, wake: make(chan struct{}, 1), changed: make(map[domain.KeyID]struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.feeds[f] = struct{}{}
	return f
}

// add requires repo.mu to be held.
func (f *feed) add(id domain.KeyID) {
	f.changed[id] = struct{}{}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Poll implements ports.ChangeFeed.
func (f *feed) Poll(ctx context.Context) (ports.Changes, error) {
	if err := alive(ctx); err != nil {
		return ports.Changes{}, err
	}
	f.repo.mu.Lock()
	defer f.repo.mu.Unlock()
	changes := ports.Changes{Keys: slices.Collect(maps.Keys(f.changed)), Lost: !f.polled}
	clear(f.changed)
	f.polled = true
	return changes, nil
}

// Wake implements ports.ChangeFeed.
func (f *feed) Wake() <-chan struct{} { return f.wake }

// Close implements ports.ChangeFeed.
func (f *feed) Close() error {
	f.repo.mu.Lock()
	defer f.repo.mu.Unlock()
	delete(f.repo.feeds, f)
	return nil
}
