package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/slaunchx/apikeys/domain"
)

// KeyRepository implements ports.KeyRepository. It is safe for concurrent use
// and never forgets a key, so its memory grows with their number.
type KeyRepository struct {
	// writing is held by whoever changes something, from the first look to
	// the last write; mu by whoever touches the maps.
	writing sync.Mutex

	mu     sync.RWMutex
	keys   map[domain.KeyID]domain.Snapshot
	events map[domain.KeyID][]domain.Event // oldest first
	feeds  map[*feed]struct{}
}

// NewKeyRepository returns an empty store.
func NewKeyRepository() *KeyRepository {
	return &KeyRepository{
		keys:   make(map[domain.KeyID]domain.Snapshot),
		events: make(map[domain.KeyID][]domain.Event),
		feeds:  make(map[*feed]struct{}),
	}
}

// Create implements ports.KeyWriter.
func (r *KeyRepository) Create(ctx context.Context, key *domain.APIKey, event domain.Event) error {
	if err := alive(ctx); err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if _, exists := r.keys[key.ID()]; exists {
		return domain.ErrKeyExists
	}
	r.store(key, event)
	return nil
}

// Update implements ports.KeyWriter.
func (r *KeyRepository) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error)) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	key, err := r.Get(ctx, workspace, id)
	if err != nil {
		return err
	}
	event, err := change(key)
	if err != nil || event.ID == "" {
		return err
	}
	r.store(key, event)
	return nil
}

// store is called by who holds writing.
func (r *KeyRepository) store(key *domain.APIKey, event domain.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[key.ID()] = key.Snapshot()
	r.events[event.KeyID] = append(r.events[event.KeyID], cloned(event))
	for f := range r.feeds {
		f.tell(key.ID())
	}
}

// Get implements ports.KeyReader.
func (r *KeyRepository) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error) {
	return r.find(ctx, id, func(s domain.Snapshot) bool { return s.Workspace == workspace })
}

// Find implements ports.KeyReader.
func (r *KeyRepository) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return r.find(ctx, id, func(domain.Snapshot) bool { return true })
}

func (r *KeyRepository) find(ctx context.Context, id domain.KeyID, visible func(domain.Snapshot) bool) (*domain.APIKey, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, exists := r.keys[id]
	if !exists || !s.DeletedAt.IsZero() || !visible(s) {
		return nil, domain.ErrKeyNotFound
	}
	return domain.Rehydrate(s), nil
}

// Events implements ports.EventReader.
func (r *KeyRepository) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) ([]domain.Event, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	var newestFirst []domain.Event
	for _, e := range slices.Backward(r.events[id]) {
		if e.Workspace == workspace {
			newestFirst = append(newestFirst, cloned(e))
		}
	}
	return newestFirst, nil
}

// Ready implements ports.KeyRepository: memory always is.
func (r *KeyRepository) Ready(ctx context.Context) error { return alive(ctx) }

func alive(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	return nil
}

// cloned shares nothing with e that either side could change.
func cloned(e domain.Event) domain.Event {
	e.Changes = slices.Clone(e.Changes)
	for i, c := range e.Changes {
		e.Changes[i].Old, e.Changes[i].New = clonedValue(c.Old), clonedValue(c.New)
	}
	return e
}

func clonedValue(v any) any {
	if list, ok := v.([]string); ok {
		return slices.Clone(list)
	}
	return v
}
