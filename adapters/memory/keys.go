package memory

import (
	"context"
	"fmt"
	"sync"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// KeyRepository implements ports.KeyRepository. It is safe for concurrent use.
// It never frees the memory of a key, even of a deleted one.
type KeyRepository struct {
	// writing is held during a whole change, from its first read to its last
	// write; mu is held while the maps are accessed.
	writing sync.Mutex

	mu              sync.RWMutex
	keys            map[domain.KeyID]domain.Snapshot
	living          map[domain.WorkspaceID]int // keys that are not deleted
	foreign         foreignIndex
	events          map[domain.KeyID][]domain.Event // oldest first
	idempotencyKeys map[idempotencyKey]remembered
	checks          map[string]domain.PepperCheck // by the identifier of the pepper
	feeds           map[*feed]struct{}
	usage           usage
	webhooks        *WebhookStore // nil if nothing is delivered
}

// NewKeyRepository returns an empty store.
func NewKeyRepository() *KeyRepository {
	return &KeyRepository{
		keys:            make(map[domain.KeyID]domain.Snapshot),
		living:          make(map[domain.WorkspaceID]int),
		foreign:         make(foreignIndex),
		events:          make(map[domain.KeyID][]domain.Event),
		idempotencyKeys: make(map[idempotencyKey]remembered),
		checks:          make(map[string]domain.PepperCheck),
		feeds:           make(map[*feed]struct{}),
		usage:           newUsage(),
	}
}

// Create implements ports.KeyWriter.
func (r *KeyRepository) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	if err := alive(ctx); err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	workspace := key.Snapshot().Workspace
	if err := r.checkIdempotency(workspace, options.Idempotency); err != nil {
		return err
	}
	if _, exists := r.keys[key.ID()]; exists {
		return domain.ErrKeyExists
	}
	if options.MaxKeys > 0 && r.living[workspace] >= options.MaxKeys {
		return domain.ErrTooManyKeys
	}
	r.store(key, event, options.Idempotency)
	return nil
}

// Update implements ports.KeyWriter.
func (r *KeyRepository) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	if err := alive(ctx); err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.checkIdempotency(workspace, options.Idempotency); err != nil {
		return err
	}
	key, err := r.Get(ctx, workspace, id)
	if err != nil {
		return err
	}
	event, err := change(key)
	if err != nil {
		return err
	}
	if event.ID == "" {
		r.rememberUnchanged(id, options.Idempotency)
		return nil
	}
	r.store(key, event, options.Idempotency)
	return nil
}

// store requires writing to be held.
func (r *KeyRepository) store(key *domain.APIKey, event domain.Event, idempotency *ports.Idempotency) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, after := r.keys[key.ID()], key.Snapshot()
	r.living[after.Workspace] += living(after) - living(before)
	r.foreign.remove(before)
	r.foreign.add(after)
	r.keys[key.ID()] = after
	r.events[event.KeyID] = append(r.events[event.KeyID], clone(event))
	r.webhooks.changed(event, after)
	r.remember(after, idempotency)
	for f := range r.feeds {
		f.add(key.ID())
	}
}

// living returns 1 for a living key, and 0 for a deleted key and the zero value.
func living(s domain.Snapshot) int {
	if s.ID == "" || !s.DeletedAt.IsZero() {
		return 0
	}
	return 1
}

// Get implements ports.KeyReader.
func (r *KeyRepository) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error) {
	return r.find(ctx, id, func(s domain.Snapshot) bool { return s.DeletedAt.IsZero() && s.Workspace == workspace })
}

// Find implements ports.KeyReader.
func (r *KeyRepository) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return r.find(ctx, id, func(s domain.Snapshot) bool { return s.DeletedAt.IsZero() })
}

// FindEver implements ports.KeyReader.
func (r *KeyRepository) FindEver(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return r.find(ctx, id, func(domain.Snapshot) bool { return true })
}

func (r *KeyRepository) find(ctx context.Context, id domain.KeyID, visible func(domain.Snapshot) bool) (*domain.APIKey, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, exists := r.keys[id]
	if !exists || !visible(s) {
		return nil, domain.ErrKeyNotFound
	}
	return domain.Rehydrate(s), nil
}

// Ready implements ports.KeyRepository. The store is always ready.
func (r *KeyRepository) Ready(ctx context.Context) error { return alive(ctx) }

func alive(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	return nil
}
