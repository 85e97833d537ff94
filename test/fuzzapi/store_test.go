package fuzzapi

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// store is a repository that fails on demand.
type store struct {
	*memory.KeyRepository
	webhooks *webhookStore
	faults
}

func newStore(now func() time.Time) *store {
	s := &store{KeyRepository: memory.NewKeyRepository()}
	s.webhooks = &webhookStore{WebhookStore: memory.NewWebhookStore(s.KeyRepository, now), faults: &s.faults}
	return s
}

// faults is what is currently wrong with a store.
type faults struct {
	failure atomic.Pointer[error]
	held    atomic.Pointer[hold]
}

// hold blocks a change.
type hold struct {
	started chan struct{} // receives when a change has started
	release chan struct{} // closed when the change may continue
}

// hold makes the next change wait until release is called.
func (f *faults) hold() (started <-chan struct{}, release func()) {
	h := &hold{started: make(chan struct{}), release: make(chan struct{})}
	f.held.Store(h)
	return h.started, func() { close(h.release) }
}

func (f *faults) wait() {
	if h := f.held.Swap(nil); h != nil {
		h.started <- struct{}{}
		<-h.release
	}
}

// fail makes every call return err, or succeed if err is nil.
func (f *faults) fail(err error) { f.failure.Store(&err) }

func (f *faults) failing() error {
	if err := f.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Get implements ports.KeyReader.
func (s *store) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	return s.KeyRepository.Get(ctx, workspace, id)
}

// Find implements ports.KeyFinder.
func (s *store) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	return s.KeyRepository.Find(ctx, id)
}

// List implements ports.KeyReader.
func (s *store) List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	if err := s.failing(); err != nil {
		return ports.KeyPage{}, err
	}
	return s.KeyRepository.List(ctx, workspace, filter, order, page)
}

// Events implements ports.EventReader.
func (s *store) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	if err := s.failing(); err != nil {
		return ports.EventPage{}, err
	}
	return s.KeyRepository.Events(ctx, workspace, id, page)
}

// Create implements ports.KeyWriter.
func (s *store) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	if err := s.failing(); err != nil {
		return err
	}
	s.wait()
	return s.KeyRepository.Create(ctx, key, event, options)
}

// Update implements ports.KeyWriter.
func (s *store) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	if err := s.failing(); err != nil {
		return err
	}
	s.wait()
	return s.KeyRepository.Update(ctx, workspace, id, change, options)
}

// Ready implements ports.KeyRepository.
func (s *store) Ready(ctx context.Context) error {
	if err := s.failing(); err != nil {
		return err
	}
	return s.KeyRepository.Ready(ctx)
}

// crowd fills the workspace with the maximum number of keys.
func (s *store) crowd(ctx context.Context, workspace domain.WorkspaceID) error {
	for i := range config.Default().MaxKeysPerWorkspace {
		id := domain.KeyID(fmt.Sprintf("sk_live_%016d", i+1))
		key := domain.Rehydrate(domain.Snapshot{ID: id, Workspace: workspace, Secrets: make([]domain.StoredSecret, 1)})
		event := domain.Event{ID: string(id), KeyID: id, Workspace: workspace}
		if err := s.KeyRepository.Create(ctx, key, event, ports.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}
